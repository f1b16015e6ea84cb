/*
 * jsonout.h - writing JSON piece by piece: commas and quotes are taken care of, and what
 * does not fit is said once, at the end.
 *
 *	struct jsonout j = { .to = &buf };
 *	jsonout_open(&j, NULL, '{');
 *	jsonout_text(&j, "name", name);
 *	jsonout_close(&j, '}');
 *	return jsonout_end(&j);
 *
 * key: of a member, a text of ours; NULL: of an element of a list, or of the whole.
 */
#ifndef LARDER_CODEC_JSONOUT_H
#define LARDER_CODEC_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct jsonout {
	struct buf *to;
	bool comma; /* before what comes next */
	bool full;  /* something did not fit; nothing is written any more */
};

void jsonout_open(struct jsonout *j, const char *key, char bracket); /* '{' or '[' */
void jsonout_close(struct jsonout *j, char bracket);		     /* '}' or ']' */
/* Any bytes (buf_add_json). NULL becomes null. */
void jsonout_text(struct jsonout *j, const char *key, const char *value);
void jsonout_number(struct jsonout *j, const char *key, uint64_t value);
void jsonout_bool(struct jsonout *j, const char *key, bool value);
/* JSON as it is. */
void jsonout_raw(struct jsonout *j, const char *key, const char *json);
/* 0, or -1: it went over the limit. */
int jsonout_end(const struct jsonout *j);

#endif
