/*
 * setting_draft.c - ownership of what settings hold.
 */
#include "settings/setting_draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/setting_logins.h"
#include "settings/setting_keep.h"
#include "base/mem.h"

void setting_draft_drop(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void upstream_clear(struct setting_upstream *u)
{
	free(u->host);
	free(u->url);
	setting_draft_drop(&u->username);
	setting_draft_drop(&u->password);
	setting_logins_clear(u);
	free(u->ca_file);
	free(u->realm_host);
}

void setting_draft_clear(struct settings *s)
{
	size_t i;

	for (i = 0; i < s->n_headers; i++) {
		free(s->headers[i].name);
		free(s->headers[i].value);
	}
	for (i = 0; i < s->n_upstreams; i++)
		upstream_clear(&s->upstreams[i]);
	for (i = 0; i < s->n_tags; i++)
		free(s->tags[i].pattern);
	for (i = 0; i < s->n_local; i++)
		free(s->local[i]);
	for (i = 0; i < s->n_tls_client_cas; i++)
		free(s->tls_client_cas[i]);
	for (i = 0; i < s->n_access; i++)
		rule_done(&s->access[i]);
	setting_keep_clear(s);
	for (i = 0; i < s->n_warnings; i++)
		free(s->warnings[i]);
	free(s->headers);
	free(s->upstreams);
	free(s->tags);
	free(s->keep);
	free(s->local);
	free(s->warnings);
	free(s->config_path);
	free(s->root);
	free(s->addr);
	free(s->listen_host);
	free(s->tls_certificate);
	free(s->tls_key);
	free(s->tls_client_cas);
	free(s->tls_minimum);
	free(s->htpasswd);
	free(s->realm);
	free(s->access);
	free(s->docker_config);
	free(s->images);
	free(s->policy);
	free(s->lock);
	free(s->vulnerabilities);
	free(s->schedule);
	free(s->ca_file);
	memset(s, 0, sizeof(*s));
}

void setting_draft_init(struct setting_draft *d)
{
	memset(d, 0, sizeof(*d));
}

void setting_draft_done(struct setting_draft *d)
{
	for (size_t i = 0; i < d->n_upstreams; i++) {
		upstream_clear(&d->upstreams[i].u);
		free(d->upstreams[i].password_file);
	}
	free(d->upstreams);
	free(d->remote_url);
	setting_draft_drop(&d->remote_username);
	setting_draft_drop(&d->remote_password);
	setting_draft_clear(&d->s);
	memset(d, 0, sizeof(*d));
}

struct draft_upstream *setting_draft_upstream(struct setting_draft *d, const char *host)
{
	struct draft_upstream *u;

	for (size_t i = 0; i < d->n_upstreams; i++)
		if (strcmp(d->upstreams[i].u.host, host) == 0)
			return &d->upstreams[i];
	if (d->n_upstreams == SETTING_UPSTREAMS_MAX)
		return NULL;
	d->upstreams = mem_grow(d->upstreams, (d->n_upstreams + 1) * sizeof(*u));
	u = &d->upstreams[d->n_upstreams++];
	memset(u, 0, sizeof(*u));
	u->u.host = mem_dup(host);
	return u;
}

void setting_draft_warn(struct setting_draft *d, const char *fmt, ...)
{
	struct settings *s = &d->s;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < s->n_warnings; i++)
		if (strcmp(s->warnings[i], text) == 0)
			return;
	if (s->n_warnings == SETTING_WARNINGS_MAX)
		return;
	s->warnings = mem_grow(s->warnings, (s->n_warnings + 1) * sizeof(*s->warnings));
	s->warnings[s->n_warnings++] = mem_dup(text);
}
