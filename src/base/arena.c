/*
 * arena.c - blocks in a list, filled one after another; what is large has its own.
 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_BYTES 16384
#define ALIGN _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *blocks; /* the first is the one that is filled */
};

struct arena *arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	struct block *b = a != NULL ? a->blocks : NULL, *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t size = (n + ALIGN - 1) / ALIGN * ALIGN;
	struct block *b = a->blocks;

	if (b == NULL || b->size - b->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		b = mem_alloc(sizeof(*b) + room);
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	b->used += size;
	return b->bytes + b->used - size;
}

char *arena_dup(struct arena *a, struct view text)
{
	char *p = arena_alloc(a, text.n + 1);

	if (text.n > 0)
		memcpy(p, text.p, text.n);
	return p;
}
