/*
 * dockwords.h - the words of an instruction: flags before the rest, as BuildKit's
 * split_command.go takes them, and what is between white space.
 */
#ifndef LARDER_DISCOVER_DOCKWORDS_H
#define LARDER_DISCOVER_DOCKWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Part of a line, by place. */
struct dockword {
	size_t i, n;
};

/* The next word from *i on, without regard to quotes. n 0: none. */
struct dockword dockwords_next(struct view line, size_t *i);
/* The same, with white space between quotes being part of it; quotes stay. */
struct dockword dockwords_quoted(struct view line, size_t *i, char escape);
/* A flag ("--name=value") from *i on: where it stands, and in text (cleared first) what
 * it is without quotes. n 0: none, *i is the first of what follows the flags. */
struct dockword dockwords_flag(struct view line, size_t *i, char escape,
			       struct buf *text);

#endif
