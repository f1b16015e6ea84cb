/*
 * setting_bytes.c - a number, a unit. No state.
 */
#include "settings/setting_bytes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define MOST ((int64_t)1 << 60)

static const struct {
	const char *name;
	int64_t bytes;
} units[] = {
	{ "TiB", (int64_t)1 << 40 },
	{ "TB", INT64_C(1000000000000) },
	{ "T", INT64_C(1000000000000) },
	{ "GiB", 1 << 30 },
	{ "GB", 1000000000 },
	{ "G", 1000000000 },
	{ "MiB", 1 << 20 },
	{ "MB", 1000000 },
	{ "M", 1000000 },
	{ "KiB", 1 << 10 },
	{ "kB", 1000 },
	{ "k", 1000 },
	{ "B", 1 },
	{ "", 1 },
};

static int refuse(struct err *e, const char *text)
{
	return err_set(e, ERR_INVALID,
		       "must be a number of bytes such as 500kB, 20MB, 1.5GB, 2GiB or 0, "
		       "not \"%.60s\"",
		       text);
}

int setting_bytes_parse(const char *text, int64_t *out, struct err *e)
{
	int64_t whole = 0, part = 0, scale = 1;
	const char *p = text;
	size_t i = 0;

	for (; isdigit((unsigned char)*p) && whole < MOST / 10; p++)
		whole = whole * 10 + (*p - '0');
	if (p == text)
		return refuse(e, text);
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p) && scale < 1000; p++, scale *= 10)
			part = part * 10 + (*p - '0');
	if (*p == ' ')
		p++;
	while (i < ARRAY_LEN(units) && strcasecmp(p, units[i].name) != 0)
		i++;
	if (i == ARRAY_LEN(units) || whole > MOST / units[i].bytes)
		return refuse(e, text);
	*out = whole * units[i].bytes + part * units[i].bytes / scale;
	return 0;
}

void setting_bytes_text(int64_t bytes, char out[64])
{
	size_t i = 0;

	while (bytes > 0 && bytes % units[i].bytes != 0)
		i++;
	if (bytes == 0)
		snprintf(out, 64, "0");
	else
		snprintf(out, 64, "%" PRId64 "%s", bytes / units[i].bytes,
			 units[i].bytes > 1 ? units[i].name : "");
}
