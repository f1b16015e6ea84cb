/*
 * room_count.c - what was counted, against what was known of the same slice.
 */
#include "store/room_count.h"

#include "store/room_impl.h"

/* What is in use and no blob. */
static int64_t others(struct room_numbers *n)
{
	int64_t bytes = atomic_load(&n->total) - atomic_load(&n->reserved);
	size_t i;

	for (i = 0; i < ROOM_SLICES; i++)
		bytes -= atomic_load(&n->slice[i].bytes);
	return bytes;
}

static bool any_busy(struct room_numbers *n)
{
	size_t i;

	if (atomic_load(&n->busy) != 0)
		return true;
	for (i = 0; i < ROOM_SLICES; i++)
		if (atomic_load(&n->slice[i].busy) != 0)
			return true;
	return false;
}

bool room_count_begin(struct store *s, unsigned slice, struct room_count *c)
{
	struct room_numbers *n = s->room->n;

	c->slice = slice;
	if (slice == ROOM_SLICES) {
		c->moves = atomic_load(&n->moves);
		c->had = others(n);
		return !any_busy(n) && atomic_load(&n->moves) == c->moves;
	}
	c->moves = atomic_load(&n->slice[slice].moves);
	c->had = atomic_load(&n->slice[slice].bytes);
	return atomic_load(&n->slice[slice].busy) == 0;
}

bool room_count_end(struct store *s, const struct room_count *c, uint64_t bytes)
{
	struct room_numbers *n = s->room->n;
	int64_t more = (int64_t)bytes - c->had;
	bool still;

	if (c->slice == ROOM_SLICES)
		still = !any_busy(n) && atomic_load(&n->moves) == c->moves;
	else
		still = atomic_load(&n->slice[c->slice].busy) == 0 &&
			atomic_load(&n->slice[c->slice].moves) == c->moves;
	if (!still)
		return false;
	if (c->slice != ROOM_SLICES)
		atomic_fetch_add(&n->slice[c->slice].bytes, more);
	atomic_fetch_add(&n->total, more);
	atomic_fetch_add(&n->moves, 1);
	room_look_again(s);
	return true;
}
