/*
 * arena.h - many small pieces of memory that end together.
 *
 * As mem_alloc it aborts when memory is exhausted: whoever fills one from what a peer
 * sent bounds that first. One thread at a time.
 */
#ifndef LARDER_BASE_ARENA_H
#define LARDER_BASE_ARENA_H

#include <stddef.h>

#include "base/buf.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);		    /* NULL is fine */
void *arena_alloc(struct arena *a, size_t n);	    /* zeroed, aligned for anything */
char *arena_dup(struct arena *a, struct view text); /* with a NUL */

#endif
