/*
 * jsonout.c - JSON into a buf. No state besides the caller's.
 */
#include "codec/jsonout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put(struct jsonout *j, const char *p, size_t n)
{
	j->full = j->full || buf_add(j->to, p, n) != 0;
}

static void put_quoted(struct jsonout *j, const char *text)
{
	put(j, "\"", 1);
	j->full = j->full || buf_add_json(j->to, text, strlen(text)) != 0;
	put(j, "\"", 1);
}

static void begin(struct jsonout *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (key == NULL)
		return;
	put_quoted(j, key);
	put(j, ":", 1);
}

void jsonout_open(struct jsonout *j, const char *key, char bracket)
{
	begin(j, key);
	put(j, &bracket, 1);
	j->comma = false;
}

void jsonout_close(struct jsonout *j, char bracket)
{
	put(j, &bracket, 1);
	j->comma = true;
}

void jsonout_text(struct jsonout *j, const char *key, const char *value)
{
	if (value == NULL) {
		jsonout_raw(j, key, "null");
		return;
	}
	begin(j, key);
	put_quoted(j, value);
}

void jsonout_number(struct jsonout *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	jsonout_raw(j, key, text);
}

void jsonout_bool(struct jsonout *j, const char *key, bool value)
{
	jsonout_raw(j, key, value ? "true" : "false");
}

void jsonout_raw(struct jsonout *j, const char *key, const char *json)
{
	begin(j, key);
	put(j, json, strlen(json));
}

int jsonout_end(const struct jsonout *j)
{
	return j->full ? -1 : 0;
}
