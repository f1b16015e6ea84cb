/*
 * glob.h - patterns with * and ? as in ${NAME#PATTERN}: "\" before *, ? or \ makes it an
 * ordinary letter, before } and / it goes away (BuildKit's shell/lex.go).
 *
 * Each call takes from *work a step for a letter matched; ERR_LIMIT when there are none
 * left.
 */
#ifndef LARDER_DISCOVER_GLOB_H
#define LARDER_DISCOVER_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define GLOB_MAX 255 /* bytes of a pattern, and of what it is matched with */

struct glob {
	size_t *work;
	size_t n;
	struct {
		char kind; /* '*', '?', or 0: the letter */
		char letter;
	} piece[GLOB_MAX];
};

/* g->work is set. ERR_INVALID, ERR_LIMIT. */
int glob_read(struct glob *g, struct view pattern, struct err *e);
/* text without what matches at its start (its end): the least, or, greedy, the most. */
int glob_trim_start(struct glob *g, struct view text, bool greedy, struct buf *out,
		    struct err *e);
int glob_trim_end(struct glob *g, struct view text, bool greedy, struct buf *out,
		  struct err *e);
/* text with word for the first match (all: for each), the longest at its place. */
int glob_replace(struct glob *g, struct view text, bool all, struct view word,
		 struct buf *out, struct err *e);

#endif
