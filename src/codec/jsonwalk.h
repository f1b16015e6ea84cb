/*
 * jsonwalk.h - JSON that is too large to be parsed whole: an object of objects, of which
 * each inner member is given out as text, one at a time.
 *
 * {"outer": {"key": value, ...}, ...}. Memory is one value's, at most
 * JSONWALK_MAX_VALUE. What is not wanted is passed over, with its brackets and strings
 * matched and nothing else of it looked at. One thread.
 */
#ifndef LARDER_CODEC_JSONWALK_H
#define LARDER_CODEC_JSONWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define JSONWALK_MAX_VALUE (1u << 20)
#define JSONWALK_MAX_KEY 256

struct jsonwalk {
	/* Some bytes; *n 0: the end. */
	int (*read)(void *arg, void *p, size_t room, size_t *n, struct err *e);
	/* Are the members of this one wanted? */
	bool (*want)(void *arg, const char *outer);
	/* value: the text of one value, for json_parse. -1 (*e) ends the walk. */
	int (*member)(void *arg, const char *outer, const char *key, struct view value,
		      struct err *e);
	void *arg;
	/* out: of wanted ones, those that could not be given out: a value over the limit,
	 * a key that is too long or has escapes; and outer members that are no object. */
	size_t passed_over;
};

/* ERR_INVALID: it is no such JSON; says at which byte. */
int jsonwalk_run(struct jsonwalk *w, struct err *e);

/* The text of one member of an object, whatever the others are; of w only read and arg
 * count. 1: it has none of that name. -1: ERR_LIMIT over out's limit, or as above. */
int jsonwalk_find(struct jsonwalk *w, const char *key, struct buf *out, struct err *e);

#endif
