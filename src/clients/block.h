/*
 * block.h - what larder wrote into a file with comments: whole lines between two of them,
 *
 *	# begin larder (written by "larder setup podman"; --undo takes it out)
 *	...
 *	# end larder
 *
 * by which it is found again, whoever has edited the file around it.
 */
#ifndef LARDER_CLIENTS_BLOCK_H
#define LARDER_CLIENTS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct block_span {
	size_t start, end; /* from the first letter of its first line to after its last */
};

/* The next block at or after *at, which ends after it. 1; 0: no more; -1: ERR_INVALID, a
 * begin without its end, or an end without begin. */
int block_next(struct view text, size_t *at, struct block_span *out, struct err *e);

/* text without its blocks, appended to out; how many there were. */
int block_strip(struct view text, struct buf *out, size_t *found, struct err *e);

/* lines (each ended by a newline) with the two comments around, each line and comment
 * after `indent`, appended to out; -1: over its limit. client: "podman". */
int block_wrap(struct buf *out, const char *client, const char *indent,
	       struct view lines);

/* text with block (as block_wrap made it) in the place of its only block; where it has
 * none, at the offset `place` of a line's beginning or of text's end. */
int block_put(struct view text, size_t place, struct view block, struct buf *out,
	      struct err *e);

#endif
