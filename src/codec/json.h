/*
 * json.h - reading JSON that somebody else wrote (jansson, sole user).
 *
 * A document is parsed whole from bounded input (the caller's limit), nested at most
 * JSON_MAX_DEPTH deep, of at most JSON_MAX_VALUES values (so that a few MiB of
 * "[],[],..." cannot become hundreds in memory), duplicate keys and embedded NULs
 * refused. Any value may stand at the top. Values belong to the document. A document may
 * be read by many threads at once.
 */
#ifndef LARDER_CODEC_JSON_H
#define LARDER_CODEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define JSON_MAX_DEPTH 64
#define JSON_MAX_VALUES 200000 /* twice ten for each child of the largest manifest */

struct json; /* a value, opaque */

/* NULL: ERR_INVALID with line and column, never with a piece of the text, which may hold
 * credentials. Numbers beyond 64 bits are refused. Trailing white space is fine, trailing
 * text is not. */
struct json *json_parse(struct view text, struct err *e);
void json_free(struct json *doc);
void json_freep(struct json **doc);

/* All getters accept NULL and values of another type, and then say "absent". */
const struct json *json_get(const struct json *object, const char *key);
size_t json_len(const struct json *array); /* 0 unless an array */
const struct json *json_at(const struct json *array, size_t i);
const char *json_str(const struct json *v); /* NULL unless a string */
/* NULL unless there and a string. */
const char *json_get_str(const struct json *object, const char *key);
bool json_get_int(const struct json *object, const char *key, int64_t *out);
bool json_get_bool(const struct json *object, const char *key, bool *out);
bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_true(const struct json *v);
bool json_is_null(const struct json *v); /* a null that is there */
/* Append s, which came from a document, as a string with its quotes; -1: over the limit.
 */
int json_quote(struct buf *out, const char *s);
/* Append v as it is, without white space; members in their order. -1: over the limit. */
int json_write(struct buf *out, const struct json *v);
/* Walk an object's members: start with *at = NULL; false at the end. */
bool json_each(const struct json *object, void **at, const char **key,
	       const struct json **value);

#endif
