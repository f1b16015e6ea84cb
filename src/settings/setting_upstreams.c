/*
 * setting_upstreams.c - the well-known registries, and joining what was said of each.
 */
#include "settings/setting_upstreams.h"

#include <stdlib.h>
#include <string.h>

#include "settings/setting_env.h"
#include "settings/setting_logins.h"
#include "settings/setting_value.h"
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

static struct draft_upstream *entry(struct setting_draft *d, const char *host,
				    struct err *e)
{
	struct draft_upstream *u = setting_draft_upstream(d, host);

	if (u == NULL)
		err_set(e, ERR_INVALID, "larder.upstreams: more than %d",
			SETTING_UPSTREAMS_MAX);
	return u;
}

static bool has_default(const struct setting_draft *d)
{
	for (size_t i = 0; i < d->n_upstreams; i++)
		if (d->upstreams[i].u.is_default)
			return true;
	return false;
}

static int add_mirrored(struct setting_draft *d, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (entry(d, known[i].host, e) == NULL)
			return -1;
	if (!has_default(d))
		entry(d, known[0].host, e)->u.is_default = true;
	return 0;
}

/* proxy.*: the default upstream of that URL; larder.upstreams may have said more of it.
 */
static int add_remote(struct setting_draft *d, struct err *e)
{
	CLEANUP(mem_freep)
	char *url = NULL;
	CLEANUP(mem_freep)
	char *host = NULL;
	struct draft_upstream *u;

	if (d->remote_url == NULL) {
		if (d->remote_username || d->remote_password)
			setting_draft_warn(d, "proxy.username and proxy.password have no "
					      "effect without proxy.remoteurl");
		return 0;
	}
	if (setting_value_url(d->remote_url, &url, &host, e) != 0)
		return err_add(e, "proxy.remoteurl");
	u = entry(d, host, e);
	if (u == NULL)
		return -1;
	u->u.is_default = true;
	if (u->u.url == NULL)
		u->u.url = TAKE(url);
	if (u->u.username == NULL && u->u.password == NULL && u->password_file == NULL &&
	    u->u.n_logins == 0) {
		u->u.username = TAKE(d->remote_username);
		u->u.password = TAKE(d->remote_password);
	}
	return 0;
}

static int check_one_default(const struct setting_draft *d, struct err *e)
{
	const char *first = NULL;

	for (size_t i = 0; i < d->n_upstreams; i++) {
		if (!d->upstreams[i].u.is_default)
			continue;
		if (first)
			return err_set(
				e, ERR_INVALID,
				"only one upstream can be the default: both %s and "
				"%s are",
				first, d->upstreams[i].u.host);
		first = d->upstreams[i].u.host;
	}
	return 0;
}

static int read_password(struct draft_upstream *u, struct err *e)
{
	CLEANUP(mem_freep)
	char *setting =
		mem_fmt("larder.upstreams.%s.credentials.password-file", u->u.host);

	return setting_logins_read_password(u->password_file, setting, &u->u.password, e);
}

/* The variables that CI systems set for Docker Hub, when nothing else was said of it. */
static void borrow_docker(struct setting_draft *d, struct draft_upstream *u, char **envp)
{
	const char *username = setting_env_get(envp, "DOCKER_USERNAME");
	const char *password = setting_env_get(envp, "DOCKER_PASSWORD");
	bool has_username = username && *username, has_password = password && *password;

	if (!(d->s.mirror || d->command) || d->s.docker_config ||
	    strcmp(u->u.host, "docker.io") != 0 || u->u.username || u->u.password ||
	    u->u.n_logins > 0)
		return;
	if (has_username && has_password) {
		u->u.username = mem_dup(username);
		u->u.password = mem_dup(password);
	} else if (has_username || has_password) {
		setting_draft_warn(d,
				   "DOCKER_USERNAME and DOCKER_PASSWORD count together "
				   "only: one of them is not set");
	}
}

static bool is_loopback(const char *url)
{
	const char *host = url + strlen("http://");
	char canonical[256];

	return registry_host_parse((struct view){ host, strcspn(host, "/?#") }, canonical,
				   NULL) == 0 &&
	       registry_host_is_loopback(view_of(canonical));
}

static int complete(struct setting_draft *d, struct draft_upstream *u, char **envp,
		    struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(known) && u->u.url == NULL; i++)
		if (strcmp(known[i].host, u->u.host) == 0)
			u->u.url = mem_dup(known[i].url);
	if (u->u.url == NULL)
		u->u.url = mem_fmt("https://%s", u->u.host);
	if (u->password_file && read_password(u, e) != 0)
		return -1;
	if (setting_logins_complete(&u->u, e) != 0)
		return -1;
	borrow_docker(d, u, envp);
	if ((u->u.username == NULL) != (u->u.password == NULL))
		return err_set(e, ERR_INVALID,
			       "upstream %s: credentials have a %s but no %s", u->u.host,
			       u->u.username ? "user name" : "password",
			       u->u.username ? "password" : "user name");
	if (u->u.username && strchr(u->u.username, ':'))
		return err_set(e, ERR_INVALID,
			       "upstream %s: a user name cannot have a colon", u->u.host);
	if ((u->u.username || u->u.n_logins > 0) &&
	    strncasecmp(u->u.url, "http://", 7) == 0 && !is_loopback(u->u.url))
		setting_draft_warn(d, "upstream %s: credentials go over %s unencrypted",
				   u->u.host, u->u.url);
	return 0;
}

int setting_upstreams_resolve(struct setting_draft *d, char **envp, struct err *e)
{
	struct settings *s = &d->s;

	if (add_remote(d, e) != 0)
		return -1;
	s->n_named = d->n_upstreams;
	if ((s->mirror && add_mirrored(d, e) != 0) || check_one_default(d, e) != 0)
		return -1;
	for (size_t i = 0; i < d->n_upstreams; i++)
		if (complete(d, &d->upstreams[i], envp, e) != 0)
			return -1;
	s->upstreams = mem_alloc((d->n_upstreams + 1) * sizeof(*s->upstreams));
	for (size_t i = 0; i < d->n_upstreams; i++) {
		s->upstreams[s->n_upstreams++] = d->upstreams[i].u;
		memset(&d->upstreams[i].u, 0, sizeof(d->upstreams[i].u));
	}
	return 0;
}
