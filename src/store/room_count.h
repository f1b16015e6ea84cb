/*
 * room_count.h - putting a store's number of bytes right, for census.c.
 */
#ifndef LARDER_STORE_ROOM_COUNT_H
#define LARDER_STORE_ROOM_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/room.h"

/* One slice's files are counted between the two. False: some came or went
 * meanwhile; count again. */
struct room_count {
	unsigned slice; /* ROOM_SLICES: what is no blob */
	uint64_t moves;
	int64_t had;
};
bool room_count_begin(struct store *s, unsigned slice, struct room_count *c);
bool room_count_end(struct store *s, const struct room_count *c, uint64_t bytes);

#endif
