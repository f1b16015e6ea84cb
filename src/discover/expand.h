/*
 * expand.h - variables put into a text, as the program that reads the text does it.
 *
 * EXPAND_DOCKERFILE  BuildKit's shell/lex.go: quotes and the escape character are taken
 *		away; $X ${X} ${X:-w} ${X-w} ${X:+w} ${X+w} ${X:?w} ${X?w} ${X#p} ${X##p}
 *		${X%p} ${X%%p} ${X/p/w} ${X//p/w}; p with * and ?
 * EXPAND_COMPOSE     the same up to ${X?w}, $$ is a dollar; quotes are text
 * EXPAND_GITLAB      $X ${X}, $$ is a dollar
 *
 * Where those put nothing in the place of a variable that is not set, there is an error
 * here: what they would make of it is hardly ever meant.
 */
#ifndef LARDER_DISCOVER_EXPAND_H
#define LARDER_DISCOVER_EXPAND_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define EXPAND_MAX_DEPTH 16    /* ${A:-${B:-...}} */
#define EXPAND_MAX_NAME 128    /* bytes of a name */
#define EXPAND_MAX_PATTERN 255 /* bytes of a pattern, and of what it is matched with */
#define EXPAND_WORK 100000000  /* steps of matching, a good begin for struct expand */

enum expand_dialect { EXPAND_DOCKERFILE, EXPAND_COMPOSE, EXPAND_GITLAB };

struct expand {
	enum expand_dialect dialect;
	char escape; /* a Dockerfile's */
	/* NULL: not set. Borrowed until the next call. */
	const char *(*value)(void *arg, const char *name);
	void *arg;
	size_t work; /* what is left: of all that is done with this struct */
};

/* Appends. ERR_INVALID: a variable that is not set (it is named), or another dialect;
 * ERR_LIMIT: over out's limit or one above. */
int expand_text(struct expand *x, struct view text, struct buf *out, struct err *e);

#endif
