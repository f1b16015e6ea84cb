/*
 * wellknown.c - the table.
 */
#include "oci/wellknown.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "oci/reference.h"

static const struct {
	const char *host, *url;
} known[] = {
	{ "docker.io", "https://registry-1.docker.io" },
	{ "gcr.io", "https://gcr.io" },
	{ "ghcr.io", "https://ghcr.io" },
	{ "quay.io", "https://quay.io" },
	{ "registry.k8s.io", "https://registry.k8s.io" },
	{ "mcr.microsoft.com", "https://mcr.microsoft.com" },
	{ "public.ecr.aws", "https://public.ecr.aws" },
	{ "lscr.io", "https://lscr.io" },
	{ "registry.gitlab.com", "https://registry.gitlab.com" },
};

/* Docker Hub's other names, and the old one of Kubernetes' registry. */
static const char *const others[] = { "index.docker.io", "registry-1.docker.io",
				      "registry.hub.docker.com", "k8s.gcr.io" };

const char *wellknown_host(size_t i)
{
	return i < ARRAY_LEN(known) ? known[i].host : NULL;
}

const char *wellknown_url(const char *host)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].host, host) == 0)
			return known[i].url;
	return NULL;
}

bool wellknown_is(struct view host)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (view_is(host, known[i].host))
			return true;
	for (i = 0; i < ARRAY_LEN(others); i++)
		if (view_is(host, others[i]))
			return true;
	return false;
}

/* "https://quay.io:443/" is quay.io; index.docker.io is docker.io (registry_host_parse).
 */
bool wellknown_own_url(const char *host, const char *url)
{
	bool https = strncasecmp(url, "https://", 8) == 0;
	const char *at = url + (https ? 8 : 7), *port = https ? ":443" : ":80";
	size_t n = strcspn(at, "/?#"), m = strlen(port);
	char canonical[256];

	if (n > m && strncmp(at + n - m, port, m) == 0)
		n -= m;
	return registry_host_parse((struct view){ at, n }, canonical, NULL) == 0 &&
	       strcmp(canonical, host) == 0;
}
