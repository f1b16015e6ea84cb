/*
 * stake.h - a growing file's part of the store's room (room.h): what it has, and what is
 * reserved for it. One thread at a time.
 *
 * A file with a name that is found again after a crash (a partial, an upload) counts as
 * in use; one that is lost then, as reserved.
 */
#ifndef LARDER_STORE_STAKE_H
#define LARDER_STORE_STAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "store/store.h"

struct stake {
	struct store *store; /* NULL: nothing is at stake */
	uint64_t bytes;	     /* in the file */
	uint64_t reserved;   /* for what is to come */
	bool named;
};

/* A file with so many bytes, which are counted already if it is named. */
struct stake stake_of(struct store *s, uint64_t bytes, bool named);
/* It is going to have `size` bytes. ERR_NO_SPACE, as room.h has it; wait_ms 0: at once.
 */
int stake_need(struct stake *k, uint64_t size, int64_t wait_ms, struct err *e);
/* It has so many now: more, within what is reserved, or fewer. */
void stake_now(struct stake *k, uint64_t size);
/* Nothing more is to come. */
void stake_settle(struct stake *k);
/* Its name has gone; it keeps its room until stake_end. */
void stake_unname(struct stake *k);
/* After room_blob_begin, and an attempt to give it a blob's name, in place of one that
 * had `was` bytes: it is that blob now, and no stake of anybody's. */
void stake_is_blob(struct stake *k, const struct digest *d, uint64_t was);
/* It is closed: what is reserved for it goes, and what a file without a name had. Again:
 * nothing. */
void stake_end(struct stake *k);

#endif
