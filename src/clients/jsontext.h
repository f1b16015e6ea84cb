/*
 * jsontext.h - changes to a list of texts in a JSON object, made in the text itself, so
 * that order, indentation and everything else in it stay as somebody wrote them.
 */
#ifndef LARDER_CLIENTS_JSONTEXT_H
#define LARDER_CLIENTS_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* All take text as codec/json.h reads it, with an object at the top, whose member `key`
 * is a list of texts or is not there; else ERR_INVALID. Results are appended to out.
 * same: whether a text of the list is the one that is meant. */
typedef bool jsontext_same(const char *text, const char *wanted);

/* wanted as the first of the list, moved there if it was behind; the member is made, as
 * the object's first, where it is missing. */
int jsontext_put_first(struct view text, const char *key, const char *wanted,
		       jsontext_same *same, struct buf *out, struct err *e);
/* Without wanted; a list that is empty then goes, with its member. */
int jsontext_take(struct view text, const char *key, const char *wanted,
		  jsontext_same *same, struct buf *out, struct err *e);
/* Whether wanted is there: 1, 0 or -1. */
int jsontext_has(struct view text, const char *key, const char *wanted,
		 jsontext_same *same, struct err *e);
/* {} */
bool jsontext_is_empty(struct view text);

#endif
