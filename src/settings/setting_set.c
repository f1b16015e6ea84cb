/*
 * setting_set.c - from a YAML node to a field, one short function a type.
 */
#include "settings/setting_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "settings/setting_bound.h"
#include "settings/setting_bytes.h"
#include "settings/setting_list.h"
#include "settings/setting_logins.h"
#include "settings/setting_value.h"
#include "base/buf.h"
#include "base/mem.h"
#include "oci/reference.h"

#define HEADERS_MAX 64

static void replace(char **field, char *value)
{
	setting_draft_drop(field);
	*field = value;
}

static int set_addr(struct settings *s, const char *text, struct err *e)
{
	char *host = NULL;
	uint16_t port;

	if (setting_value_addr(text, &host, &port, e) != 0)
		return -1;
	replace(&s->addr, mem_dup(text));
	replace(&s->listen_host, host);
	s->listen_port = port;
	return 0;
}

static int set_url(char **field, const char *text, struct err *e)
{
	char *url = NULL, *host = NULL;

	if (setting_value_url(text, &url, &host, e) != 0)
		return -1;
	free(host);
	replace(field, url);
	return 0;
}

static int set_host(char **field, const char *text, struct err *e)
{
	char host[256];

	if (registry_host_parse(view_of(text), host, NULL) != 0)
		return err_set(e, ERR_INVALID, "must be a host such as auth.example.com");
	replace(field, mem_dup(host));
	return 0;
}

static int set_credentials(struct draft_upstream *u, const char *text, struct err *e)
{
	const char *colon = strchr(text, ':');

	if (colon == NULL || colon == text || colon[1] == '\0')
		return err_set(
			e, ERR_INVALID,
			"must be user:password, a map of username and password, or a "
			"list of maps of username, password and names");
	setting_logins_clear(&u->u);
	replace(&u->u.username, mem_dupn(text, (size_t)(colon - text)));
	replace(&u->u.password, mem_dup(colon + 1));
	replace(&u->password_file, NULL);
	return 0;
}

static int set_logins(struct draft_upstream *u, const struct yaml *node, int *line,
		      struct err *e)
{
	if (setting_logins_set(&u->u, node, line, e) != 0)
		return -1;
	replace(&u->u.username, NULL);
	replace(&u->u.password, NULL);
	replace(&u->password_file, NULL);
	return 0;
}

/* min and max of the row: of bytes the least, of per cent the most; 0 is always good. */
static int set_size(struct setting_size *out, const struct setting_row *row,
		    const char *text, struct err *e)
{
	struct setting_size size;

	if (setting_value_size(text, &size.bytes, &size.percent, e) != 0)
		return -1;
	if (size.percent > row->max)
		return err_set(e, ERR_INVALID, "must be at most %lld%%",
			       (long long)row->max);
	if (size.percent == 0 && size.bytes != 0 && size.bytes < (uint64_t)row->min)
		return err_set(e, ERR_INVALID,
			       "must be at least %lld bytes; larger ones have a unit, "
			       "such as 50GB",
			       (long long)row->min);
	*out = size;
	return 0;
}

/* A bare value: flags, variables and files all come down to this. */
static int set_text(void *base, const struct setting_row *row, const char *text,
		    struct err *e)
{
	void *field = (char *)base + row->offset;
	int64_t n = 0;

	switch (row->type) {
	case SETTING_BOOL:
		return setting_value_bool(text, field, e);
	case SETTING_NOT:
		if (setting_value_bool(text, field, e) != 0)
			return -1;
		*(bool *)field = !*(bool *)field;
		return 0;
	case SETTING_TEXT:
	case SETTING_SECRET:
		replace(field, *text ? mem_dup(text) : NULL);
		return 0;
	case SETTING_COUNT:
		if (setting_value_count(text, &n, e) != 0 ||
		    setting_bound_check(row, n, e) != 0)
			return -1;
		*(unsigned *)field = (unsigned)n;
		return 0;
	case SETTING_DURATION:
	case SETTING_AGE:
		return setting_bound_age(row, text, field, e);
	case SETTING_SIZE:
		return set_size(field, row, text, e);
	case SETTING_BYTES:
		if (setting_bytes_parse(text, &n, e) != 0 ||
		    setting_bound_check(row, n, e) != 0)
			return -1;
		*(int64_t *)field = n;
		return 0;
	case SETTING_LEVEL:
		return setting_value_level(text, field, e);
	case SETTING_FORMAT:
		return setting_value_format(text, field, e);
	case SETTING_ADDR:
		return set_addr(base, text, e);
	case SETTING_URL:
		return set_url(field, text, e);
	case SETTING_HOST:
		return set_host(field, text, e);
	case SETTING_CREDENTIALS:
		return set_credentials(base, text, e);
	case SETTING_VERSION:
		if (strcmp(text, "0.1") == 0)
			return 0;
		return err_set(e, ERR_INVALID, "must be 0.1, not \"%.60s\"", text);
	case SETTING_TCP:
		if (strcmp(text, "tcp") == 0)
			return 0;
		return err_set(e, ERR_INVALID, "this version listens on tcp only");
	default:
		break;
	}
	assert(false); /* a row of this type has no text */
	return -1;
}

static void reset(void *base, const struct setting_row *row)
{
	if (row->fallback && row->fallback[0] != '(') {
		int rc = set_text(base, row, row->fallback, NULL);

		assert(rc == 0);
		return;
	}
	switch (row->type) {
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_URL:
	case SETTING_HOST:
		replace((char **)((char *)base + row->offset), NULL);
		break;
	case SETTING_COUNT:
		*(unsigned *)((char *)base + row->offset) = 0;
		break;
	default:
		break;
	}
}

static void clear_header(struct settings *s, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_headers; i++) {
		if (strcasecmp(s->headers[i].name, name) != 0) {
			s->headers[kept++] = s->headers[i];
			continue;
		}
		free(s->headers[i].name);
		free(s->headers[i].value);
	}
	s->n_headers = kept;
}

static int set_header(struct settings *s, const char *name, const struct yaml *node,
		      int *line, struct err *e)
{
	const struct yaml *first = node->kind == YAML_LIST ? node->child : node, *v;

	for (v = first; v; v = v == node ? NULL : v->next) {
		*line = v->line;
		if (v->kind != YAML_SCALAR)
			return err_set(e, ERR_INVALID,
				       "must be a text or a list of texts");
		if (setting_value_header(name, v->text, e) != 0)
			return -1;
	}
	clear_header(s, name);
	for (v = first; v; v = v == node ? NULL : v->next) {
		if (s->n_headers == HEADERS_MAX)
			return err_set(e, ERR_INVALID, "more than %d headers",
				       HEADERS_MAX);
		s->headers =
			mem_grow(s->headers, (s->n_headers + 1) * sizeof(*s->headers));
		s->headers[s->n_headers].name = mem_dup(name);
		s->headers[s->n_headers++].value = mem_dup(v->text);
	}
	return 0;
}

/* registry:2's "auth": {}, none, or {none: ...} ask nobody for anything; the word
 * htpasswd goes with auth.htpasswd.path. */
static bool is_no_auth(const struct setting_path *path, const struct yaml *node)
{
	if (path->n > 1)
		return strcasecmp(path->part[1], "none") == 0;
	if (node->kind == YAML_SCALAR)
		return strcasecmp(node->text, "none") == 0 ||
		       strcasecmp(node->text, "htpasswd") == 0;
	return node->child && node->child->next == NULL && node->child->key &&
	       strcasecmp(node->child->key, "none") == 0;
}

static int set_registrys(struct setting_draft *d, const struct setting_row *row,
			 const struct setting_path *path, const struct yaml *node,
			 struct err *e)
{
	bool empty = node->kind == YAML_NULL ||
		     (node->kind != YAML_SCALAR && node->child == NULL);

	if (row->type == SETTING_AUTH && node->kind == YAML_SCALAR &&
	    strcasecmp(node->text, "htpasswd") == 0)
		d->wants_htpasswd = true;
	if (row->type == SETTING_SILENT ||
	    (row->type == SETTING_AUTH && is_no_auth(path, node)))
		return 0;
	if (row->type == SETTING_NOTED) {
		setting_draft_warn(d, "%s has no effect: %s", row->key, row->what);
		return 0;
	}
	if (empty)
		return 0;
	return err_set(
		e, ERR_INVALID,
		"not supported yet: %s. Leaving it out silently would not be safe, so "
		"larder does not start; remove the setting to go on without it",
		row->what);
}

void *setting_set_base(struct setting_draft *d, const struct setting_path *path,
		       struct err *e)
{
	char host[256];
	struct draft_upstream *u;

	if (path->n < 3 || strcmp(path->part[0], "larder") != 0 ||
	    strcmp(path->part[1], "upstreams") != 0)
		return d;
	if (registry_host_parse(view_of(path->part[2]), host, NULL) != 0) {
		err_set(e, ERR_INVALID, "\"%.60s\" is no registry's host", path->part[2]);
		return NULL;
	}
	u = setting_draft_upstream(d, host);
	if (u == NULL)
		err_set(e, ERR_INVALID, "more than %d upstreams", SETTING_UPSTREAMS_MAX);
	return u;
}

/* What a value brings with it. */
static void after_set(struct setting_draft *d, void *base, const struct setting_row *row,
		      bool given)
{
	struct draft_upstream *u = base;

	if (base == d)
		return;
	if (row->type == SETTING_AGE)
		u->u.has_freshness = given;
	if (row->offset == offsetof(struct draft_upstream, u.username) ||
	    row->offset == offsetof(struct draft_upstream, u.password) ||
	    row->offset == offsetof(struct draft_upstream, password_file))
		setting_logins_clear(&u->u);
	if (row->offset == offsetof(struct draft_upstream, u.password))
		replace(&u->password_file, NULL);
	if (row->offset == offsetof(struct draft_upstream, password_file))
		replace(&u->u.password, NULL);
}

int setting_set(struct setting_draft *d, const struct setting_row *row,
		const struct setting_path *path, const struct yaml *node, int *line,
		struct err *e)
{
	void *base = setting_set_base(d, path, e);

	*line = node->line;
	if (base == NULL)
		return -1;
	if (row->type >= SETTING_SILENT)
		return set_registrys(d, row, path, node, e);
	if (row->type == SETTING_HEADER)
		return set_header(&d->s, path->part[path->n - 1], node, line, e);
	if (row->type == SETTING_PATTERNS || row->type == SETTING_TAGS ||
	    row->type == SETTING_LIST || row->type == SETTING_ACCESS ||
	    row->type == SETTING_KEEP)
		return setting_list_set(&d->s, row, node, line, e);
	if (row->type == SETTING_CREDENTIALS && node->kind == YAML_LIST)
		return set_logins(base, node, line, e);
	if (node->kind == YAML_NULL) {
		reset(base, row);
	} else if (node->kind != YAML_SCALAR) {
		return err_set(e, ERR_INVALID, "must be a single value");
	} else if (set_text(base, row, node->text, e) != 0) {
		return -1;
	}
	after_set(d, base, row, node->kind != YAML_NULL);
	return 0;
}

void setting_set_defaults(struct setting_draft *d)
{
	for (size_t i = 0; i < setting_table_len; i++)
		if (setting_table_rows[i].fallback &&
		    strchr(setting_table_rows[i].key, '*') == NULL)
			reset(d, &setting_table_rows[i]);
}
