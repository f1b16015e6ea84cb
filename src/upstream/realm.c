/*
 * realm.c - the rules of realm.h.
 *
 * The two-label rule is wider than the public-suffix list where strangers share a domain
 * (github.io, azurecr.io). That is acceptable here: it is the registry that the
 * credential is for which names the realm, over TLS, and it could keep what it is sent
 * anyway.
 */
#include "upstream/realm.h"

#include <string.h>

#include "base/mem.h"

/* Where label n from the end begins; the whole name if it has fewer. */
static const char *last_labels(const char *host, unsigned n)
{
	const char *p = host + strlen(host);

	while (p > host && !(p[-1] == '.' && --n == 0))
		p--;
	return p;
}

static bool is_country_suffix(const char *two)
{
	static const char *const second[] = { "co",  "com", "org", "net", "gov",
					      "edu", "ac",  "or",  "ne",  "go" };
	const char *dot = strchr(two, '.');
	size_t i;

	if (dot == NULL || strlen(dot + 1) != 2)
		return false;
	for (i = 0; i < ARRAY_LEN(second); i++)
		if (strncmp(two, second[i], (size_t)(dot - two)) == 0 &&
		    second[i][dot - two] == '\0')
			return true;
	return false;
}

static bool same_domain(const char *a, const char *b)
{
	const char *da, *db;
	unsigned labels = 2;

	if (strcmp(a, b) == 0)
		return true;
	if (url_host_is_ip(a) || url_host_is_ip(b))
		return false;
	if (is_country_suffix(last_labels(a, 2)))
		labels = 3;
	da = last_labels(a, labels);
	db = last_labels(b, labels);
	/* A name of one label ("registry") is nobody's domain. */
	return strchr(da, '.') != NULL && strcmp(da, db) == 0;
}

bool realm_trusted(const struct url *registry, const struct url *realm,
		   const char *extra_host)
{
	static const char *const pairs[][2] = { { "lscr.io", "ghcr.io" } };
	size_t i;

	if (registry->https && !realm->https)
		return false;
	if (same_domain(registry->host, realm->host))
		return true;
	if (extra_host != NULL && strcasecmp(extra_host, realm->host) == 0)
		return true;
	for (i = 0; i < ARRAY_LEN(pairs); i++)
		if (strcmp(registry->host, pairs[i][0]) == 0 &&
		    strcmp(realm->host, pairs[i][1]) == 0)
			return true;
	return false;
}

void realm_scope(const char *challenge_scope, const struct realm_want *want,
		 struct buf *out)
{
	const char *p = challenge_scope, *name = want->name;
	bool is_repository = strncmp(p, "repository:", 11) == 0;
	size_t n = strlen(name);
	bool ours;

	buf_clear(out);
	ours = is_repository && strncmp(p + 11, name, n) == 0 && p[11 + n] == ':';
	if (*p != '\0' && (!is_repository || (ours && !want->push))) {
		buf_adds(out, p);
		return;
	}
	buf_addf(out, "repository:%s:%s", name, want->push ? "pull,push" : "pull");
	if (want->push && want->from != NULL)
		buf_addf(out, " repository:%s:pull", want->from);
}
