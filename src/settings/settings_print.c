/*
 * settings_print.c - effective settings in the form of a file that yields them again.
 *
 * Text is written as JSON strings, which YAML reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "settings/setting_bytes.h"
#include "settings/setting_draft.h"
#include "settings/setting_keep.h"
#include "settings/setting_path.h"
#include "settings/setting_value.h"
#include "settings/settings.h"
#include "base/mem.h"

#define MASK "********"

static int add_string(struct buf *out, const char *s)
{
	if (buf_adds(out, "\"") != 0 || buf_add_json(out, s, strlen(s)) != 0)
		return -1;
	return buf_adds(out, "\"");
}

static int add_key(struct buf *out, int depth, const char *key)
{
	return buf_addf(out, "%*s%s:", depth * 2, "", key);
}

static int add_text(struct buf *out, int depth, const char *key, const char *s)
{
	if (s == NULL)
		return 0;
	if (add_key(out, depth, key) != 0 || buf_adds(out, " ") != 0 ||
	    add_string(out, s) != 0)
		return -1;
	return buf_adds(out, "\n");
}

static int add_duration(struct buf *out, int64_t ms)
{
	char text[64];

	setting_value_duration_text(ms, text);
	return buf_addf(out, " %s\n", text);
}

static int add_headers(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_headers; i++) {
		/* One key a name; its values are together. */
		if ((i == 0 || strcmp(s->headers[i].name, s->headers[i - 1].name) != 0) &&
		    add_key(out, 2, s->headers[i].name) != 0)
			return -1;
		if ((i == 0 || strcmp(s->headers[i].name, s->headers[i - 1].name) != 0) &&
		    buf_adds(out, "\n") != 0)
			return -1;
		if (buf_adds(out, "      - ") != 0 ||
		    add_string(out, s->headers[i].value) != 0 || buf_adds(out, "\n") != 0)
			return -1;
	}
	return 0;
}

static int add_tags(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_tags; i++) {
		const struct setting_tag *t = &s->tags[i];

		if (buf_adds(out, "    - ") != 0 || add_string(out, t->pattern) != 0 ||
		    buf_adds(out, ":") != 0)
			return -1;
		if (t->pinned ? buf_adds(out, " pinned\n") != 0
			      : add_duration(out, t->age_ms) != 0)
			return -1;
	}
	return 0;
}

static int add_size(struct buf *out, const struct setting_size *size)
{
	char text[64];

	setting_value_size_text(size->bytes, size->percent, text);
	return buf_addf(out, " %s\n", text);
}

static int add_local(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_local; i++)
		if (buf_adds(out, "    - ") != 0 || add_string(out, s->local[i]) != 0 ||
		    buf_adds(out, "\n") != 0)
			return -1;
	return 0;
}

static int add_files(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_tls_client_cas; i++)
		if (buf_adds(out, "      - ") != 0 ||
		    add_string(out, s->tls_client_cas[i]) != 0 ||
		    buf_adds(out, "\n") != 0)
			return -1;
	return 0;
}

static int add_access(const struct settings *s, struct buf *out)
{
	char text[2 * RULE_TEXT_MAX];

	for (size_t i = 0; i < s->n_access; i++) {
		rule_text(&s->access[i], text, sizeof(text));
		if (buf_adds(out, "    - ") != 0 || add_string(out, text) != 0 ||
		    buf_adds(out, "\n") != 0)
			return -1;
	}
	return 0;
}

static int add_logins(const struct setting_upstream *u, struct buf *out)
{
	if (u->n_logins > 0 && buf_adds(out, "      credentials:\n") != 0)
		return -1;
	for (size_t i = 0; i < u->n_logins; i++) {
		const struct setting_account *a = &u->logins[i];

		if (buf_adds(out, "        - username: \"" MASK "\"\n") != 0 ||
		    add_text(out, 5, "password", MASK) != 0 ||
		    (a->n_names > 0 && buf_adds(out, "          names:\n") != 0))
			return -1;
		for (size_t k = 0; k < a->n_names; k++)
			if (buf_adds(out, "            - ") != 0 ||
			    add_string(out, a->names[k]) != 0 || buf_adds(out, "\n") != 0)
				return -1;
	}
	return 0;
}

static int add_upstream(const struct setting_upstream *u, struct buf *out)
{
	if (buf_adds(out, "    ") != 0 || add_string(out, u->host) != 0 ||
	    buf_adds(out, ":\n") != 0 || add_text(out, 3, "url", u->url) != 0)
		return -1;
	if (u->is_default && buf_adds(out, "      default: true\n") != 0)
		return -1;
	if (u->has_freshness && (add_key(out, 3, "freshness") != 0 ||
				 add_duration(out, u->freshness_ms) != 0))
		return -1;
	if (u->username && (buf_adds(out, "      credentials:\n") != 0 ||
			    add_text(out, 4, "username", MASK) != 0 ||
			    add_text(out, 4, "password", MASK) != 0))
		return -1;
	if (add_logins(u, out) != 0)
		return -1;
	if (add_text(out, 3, "ca", u->ca_file) != 0)
		return -1;
	return add_text(out, 3, "realm", u->realm_host);
}

static int add_upstreams(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_upstreams; i++)
		if (add_upstream(&s->upstreams[i], out) != 0)
			return -1;
	return 0;
}

/* The value of a row whose field is one of struct settings' own. */
static int add_value(const struct settings *s, const struct setting_row *row,
		     struct buf *out)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	const void *field = (const char *)s + row->offset;
	char text[64];

	switch (row->type) {
	case SETTING_BOOL:
		return buf_addf(out, " %s\n", *(const bool *)field ? "true" : "false");
	case SETTING_NOT:
		return buf_addf(out, " %s\n", *(const bool *)field ? "false" : "true");
	case SETTING_COUNT:
		return buf_addf(out, " %u\n", *(const unsigned *)field);
	case SETTING_DURATION:
	case SETTING_AGE:
		return add_duration(out, *(const int64_t *)field);
	case SETTING_SIZE:
		return add_size(out, field);
	case SETTING_BYTES:
		setting_bytes_text(*(const int64_t *)field, text);
		return buf_addf(out, " %s\n", text);
	case SETTING_LEVEL:
		return buf_addf(out, " %s\n", levels[s->log_level]);
	case SETTING_FORMAT:
		return buf_addf(out, " %s\n",
				s->log_format == LOG_JSON ? "json" : "text");
	case SETTING_TCP:
		return buf_adds(out, " tcp\n");
	case SETTING_VERSION:
		return buf_adds(out, " 0.1\n");
	default:
		if (buf_adds(out, " ") != 0 ||
		    add_string(out, *(char *const *)field) != 0)
			return -1;
		return buf_adds(out, "\n");
	}
}

/* Rows that say nothing, or that are another's in the end, are left out. */
static bool is_shown(const struct settings *s, const struct setting_row *row)
{
	switch (row->type) {
	case SETTING_TEXT:
		return row->offset < sizeof(*s) && strchr(row->key, '*') == NULL &&
		       *(char *const *)((const char *)s + row->offset) != NULL;
	case SETTING_HEADER:
		return s->n_headers > 0;
	case SETTING_TAGS:
		return s->n_tags > 0;
	case SETTING_KEEP:
		return s->n_keep > 0;
	case SETTING_PATTERNS:
		return s->n_local > 0;
	case SETTING_LIST:
		return s->n_tls_client_cas > 0;
	case SETTING_ACCESS:
		return s->n_access > 0;
	case SETTING_URL: /* the first of the upstreams' rows stands for all */
		return strchr(row->key, '*') && s->n_upstreams > 0;
	case SETTING_SECRET:
	case SETTING_HOST:
	case SETTING_CREDENTIALS:
		return false;
	default:
		return row->type < SETTING_SILENT && strchr(row->key, '*') == NULL;
	}
}

/* Opens the maps that key is in and before was not, then the key itself. */
static int add_row_key(struct buf *out, const char *before, const char *key)
{
	size_t shared = 0;
	int depth = 0;

	for (size_t i = 0; key[i] && key[i] == before[i]; i++)
		if (key[i] == '.') {
			shared = i + 1;
			depth++;
		}
	for (key += shared; *key && *key != '*'; depth++) {
		size_t n = strcspn(key, ".");

		if (buf_addf(out, "%*s%.*s:%s", depth * 2, "", (int)n, key,
			     key[n] == '.' ? "\n" : "") != 0)
			return -1;
		key += n + (key[n] == '.');
	}
	return 0;
}

static int add_row(const struct settings *s, const struct setting_row *row,
		   struct buf *out)
{
	switch (row->type) {
	case SETTING_HEADER:
		return add_headers(s, out);
	case SETTING_KEEP:
		return buf_adds(out, "\n") != 0 ? -1 : setting_keep_print(s, out);
	case SETTING_TAGS:
		return buf_adds(out, "\n") != 0 ? -1 : add_tags(s, out);
	case SETTING_PATTERNS:
		return buf_adds(out, "\n") != 0 ? -1 : add_local(s, out);
	case SETTING_LIST:
		return buf_adds(out, "\n") != 0 ? -1 : add_files(s, out);
	case SETTING_ACCESS:
		return buf_adds(out, "\n") != 0 ? -1 : add_access(s, out);
	case SETTING_URL:
		return add_upstreams(s, out);
	default:
		return add_value(s, row, out);
	}
}

int settings_print(const struct settings *s, struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < setting_table_len; i++) {
		const struct setting_row *row = &setting_table_rows[i];

		if (!is_shown(s, row))
			continue;
		if (add_row_key(out, before, row->key) != 0 || add_row(s, row, out) != 0)
			return -1;
		before = row->key;
	}
	return 0;
}
