/*
 * setting_value.c - the grammar of each type of setting.  Owns nothing.
 */
#include "settings/setting_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oci/reference.h"

/* Ten years: well below overflow. */
#define LONGEST_MS ((int64_t)3660 * 24 * 3600 * 1000)

static int refuse(struct err *e, const char *wanted, const char *text)
{
	return err_set(e, ERR_INVALID, "must be %s, not \"%.60s\"", wanted, text);
}

/* The index of text in a list that ends with NULL; -1: not there. */
static int index_of(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (strcasecmp(words[i], text) == 0)
			return i;
	return -1;
}

int setting_value_bool(const char *text, bool *out, struct err *e)
{
	static const char *const words[] = { "true", "yes", "on", "1", "false",
					     "no",   "off", "0",  NULL };
	int i = index_of(words, text);

	if (i < 0)
		return refuse(e, "true or false", text);
	*out = i < 4;
	return 0;
}

int setting_value_count(const char *text, int64_t *out, struct err *e)
{
	int64_t n = 0;
	const char *p = text;

	for (; isdigit((unsigned char)*p) && n < INT64_MAX / 100; p++)
		n = n * 10 + (*p - '0');
	if (p == text || *p != '\0')
		return refuse(e, "a whole number", text);
	*out = n;
	return 0;
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "d", 24 * 3600 * 1000 }, { "h", 3600 * 1000 }, { "ms", 1 },
	{ "m", 60 * 1000 },	   { "s", 1000 },
};

/* One number with its unit; -1: it is none. */
static int take_part(const char **p, int64_t *ms)
{
	int64_t whole = 0, thousandths = 0, scale = 100;
	const char *s = *p;

	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s) && whole < LONGEST_MS; s++)
		whole = whole * 10 + (*s - '0');
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s) && scale > 0; s++, scale /= 10)
			thousandths += (*s - '0') * scale;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strncmp(s, units[i].name, strlen(units[i].name)) != 0)
			continue;
		if (whole > LONGEST_MS / units[i].ms)
			return -1;
		*ms += whole * units[i].ms + thousandths * units[i].ms / 1000;
		*p = s + strlen(units[i].name);
		return 0;
	}
	return -1;
}

int setting_value_duration(const char *text, int64_t *out_ms, struct err *e)
{
	static const char wanted[] = "a duration such as 500ms, 2s, 10m, 1h30m, 7d or 0";
	const char *p = text;
	int64_t ms = 0;

	if (strcmp(text, "0") == 0) {
		*out_ms = 0;
		return 0;
	}
	if (*p == '\0')
		return refuse(e, wanted, text);
	while (*p)
		if (take_part(&p, &ms) != 0 || ms > LONGEST_MS)
			return refuse(e, wanted, text);
	*out_ms = ms;
	return 0;
}

void setting_value_duration_text(int64_t ms, char out[64])
{
	static const int order[] = { 0, 1, 3, 4, 2 }; /* of units, falling */
	size_t n = 0;

	if (ms == 0) {
		snprintf(out, 64, "0");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		int64_t unit = units[order[i]].ms;

		if (ms < unit)
			continue;
		n += (size_t)snprintf(out + n, 64 - n, "%" PRId64 "%s", ms / unit,
				      units[order[i]].name);
		ms %= unit;
	}
}

static const struct {
	const char *name;
	uint64_t bytes;
} sizes[] = {
	/* the largest first */
	{ "Ti", UINT64_C(1) << 40 },
	{ "T", UINT64_C(1000000000000) },
	{ "Gi", 1 << 30 },
	{ "G", 1000000000 },
	{ "Mi", 1 << 20 },
	{ "M", 1000000 },
	{ "Ki", 1 << 10 },
	{ "k", 1000 },
	{ "", 1 },
};

/* What a unit stands for; 0: there is no such unit. */
static uint64_t unit_bytes(const char *unit)
{
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		n = strlen(sizes[i].name);
		if (strncasecmp(unit, sizes[i].name, n) == 0 &&
		    (unit[n] == '\0' || strcasecmp(unit + n, "b") == 0))
			return sizes[i].bytes;
	}
	return 0;
}

int setting_value_size(const char *text, uint64_t *bytes, unsigned *percent,
		       struct err *e)
{
	static const char wanted[] = "a size such as 200GB, 50GiB, 1.5TB, 80% or 0";
	uint64_t whole = 0, thousandths = 0, scale = 100, unit;
	const char *s = text;

	if (!isdigit((unsigned char)*s))
		return refuse(e, wanted, text);
	for (; isdigit((unsigned char)*s) && whole < UINT64_C(1) << 50; s++)
		whole = whole * 10 + (uint64_t)(*s - '0');
	if (strcmp(s, "%") == 0 && whole >= 1 && whole <= 100) {
		*percent = (unsigned)whole;
		*bytes = 0;
		return 0;
	}
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s) && scale > 0; s++, scale /= 10)
			thousandths += (uint64_t)(*s - '0') * scale;
	s += strspn(s, " ");
	unit = unit_bytes(s);
	if (unit == 0 || whole > (UINT64_C(1) << 60) / unit)
		return refuse(e, wanted, text);
	*bytes = whole * unit + thousandths * unit / 1000;
	*percent = 0;
	return 0;
}

void setting_value_size_text(uint64_t bytes, unsigned percent, char out[64])
{
	size_t i;

	if (percent != 0) {
		snprintf(out, 64, "%u%%", percent);
		return;
	}
	for (i = 0; i < ARRAY_LEN(sizes); i++)
		if (bytes >= sizes[i].bytes && bytes % sizes[i].bytes == 0)
			break;
	if (i == ARRAY_LEN(sizes))
		snprintf(out, 64, "0");
	else
		snprintf(out, 64, "%" PRIu64 "%s%s", bytes / sizes[i].bytes,
			 sizes[i].name, sizes[i].bytes > 1 ? "B" : "");
}

int setting_value_level(const char *text, enum log_level *out, struct err *e)
{
	static const char *const words[] = { "debug", "trace", "info",	"warn", "warning",
					     "error", "fatal", "panic", NULL };
	static const enum log_level levels[] = { LOG_DEBUG, LOG_DEBUG, LOG_INFO,
						 LOG_WARN,  LOG_WARN,  LOG_ERROR,
						 LOG_ERROR, LOG_ERROR };
	int i = index_of(words, text);

	if (i < 0)
		return refuse(e, "debug, info, warn or error", text);
	*out = levels[i];
	return 0;
}

int setting_value_format(const char *text, enum log_format *out, struct err *e)
{
	static const char *const words[] = { "text", "json", "logstash", NULL };
	int i = index_of(words, text);

	if (i < 0)
		return refuse(e, "text or json", text);
	*out = i == 0 ? LOG_TEXT : LOG_JSON;
	return 0;
}

int setting_value_addr(const char *text, char **host, uint16_t *port, struct err *e)
{
	static const char wanted[] =
		"host:port, [IPv6]:port, or :port for all interfaces";
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	int64_t number;

	if (colon == NULL || setting_value_count(colon + 1, &number, NULL) != 0 ||
	    number > UINT16_MAX)
		return refuse(e, wanted, text);
	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		if (strspn(text + 1, "0123456789abcdefABCDEF:.%") < n - 2)
			return refuse(e, wanted, text);
		*host = mem_dupn(text + 1, n - 2);
	} else {
		for (size_t i = 0; i < n; i++)
			if (!isalnum((unsigned char)text[i]) &&
			    strchr(".-_", text[i]) == NULL)
				return refuse(e, wanted, text);
		*host = n ? mem_dupn(text, n) : NULL;
	}
	*port = (uint16_t)number;
	return 0;
}

int setting_value_url(const char *text, char **url, char **host, struct err *e)
{
	static const char wanted[] = "a URL such as https://registry.example.com";
	const char *p = text, *end;
	char canonical[256];

	/* Whatever has a user in it is not quoted: a password may be there too. */
	if (strchr(text, '@'))
		return err_set(
			e, ERR_INVALID,
			"must not hold a user or password; give those as credentials");
	if (strncasecmp(p, "https://", 8) == 0)
		p += 8;
	else if (strncasecmp(p, "http://", 7) == 0)
		p += 7;
	else
		return refuse(e, wanted, text);
	end = p + strcspn(p, "/?#");
	if (strcmp(end, "") != 0 && strcmp(end, "/") != 0)
		return refuse(e, "a URL that ends after the host", text);
	if (registry_host_parse((struct view){ p, (size_t)(end - p) }, canonical, NULL) !=
	    0)
		return refuse(e, wanted, text);
	*url = mem_dupn(text, (size_t)(end - text));
	*host = mem_dup(canonical);
	return 0;
}

int setting_value_header(const char *name, const char *value, struct err *e)
{
	/* What frames a response is the server's own affair. */
	static const char *const ours[] = { "content-length",
					    "transfer-encoding",
					    "connection",
					    "content-type",
					    "content-range",
					    "date",
					    "docker-content-digest",
					    NULL };

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL)
			return refuse(e, "a header name", name);
	if (*name == '\0' || strlen(name) > 100)
		return refuse(e, "a header name", name);
	if (index_of(ours, name) >= 0)
		return err_set(e, ERR_INVALID, "the header %s is not for settings", name);
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return err_set(
				e, ERR_INVALID,
				"a header value is one line of visible characters");
	if (strlen(value) > 4096)
		return err_set(e, ERR_INVALID, "a header value is at most 4096 bytes");
	return 0;
}
