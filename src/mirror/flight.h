/*
 * flight.h - one download of one blob, watched by any number of readers.
 *
 *	OPENING -> FILLING -> PROVED -> STORED
 *	      \________\_________\----> FAILED (or PROVED and not stored: a full disk)
 *
 * A flight is a task whose key is the digest (and, where that of another upstream does
 *not get on, the upstream): it outlives its clients, and goes on where it broke. Bytes
 *are given to readers as they land, but the last ones only when the digest is proved;
 *small blobs are held back whole for a moment, so that wrong bytes of theirs never reach
 *anybody.
 */
#ifndef LARDER_MIRROR_FLIGHT_H
#define LARDER_MIRROR_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/route.h"
#include "mirror/task.h"
#include "oci/digest.h"
#include "store/store.h"

#define FLIGHT_TAIL_BYTES (64u << 10) /* withheld until the digest is proved */
#define FLIGHT_HOLD_BYTES (4u << 20)  /* blobs up to this are held back whole, ... */
#define FLIGHT_HOLD_MS 1000	      /* ... for so long at the most */
/* Without a new byte, no attempt begins after this. The last one ends by the header
 * time-out, mostly before the 30 s after which containerd gives up. */
#define FLIGHT_PATIENCE_MS 18000

#define FLIGHT_MAX_BYTES (256ull << 30) /* of any blob */

struct alarms;
struct flights;

/* store and alarms are borrowed. */
struct flights *flights_new(struct store *s, struct alarms *alarms, unsigned max_flights);
void flights_stop(struct flights *fs); /* upstream calls have been cancelled before */

/* The flight of this digest, running or lately failed. A reference, or NULL: also where
 * another upstream's has nothing to give out yet; it may be in trouble there. r NULL:
 * whosever. */
struct task *flights_find(struct flights *fs, const struct route *r,
			  const struct digest *d);
/* The same, started from the route's upstream if there is none. max_bytes bounds an
 * answer that does not say its length. NULL: ERR_BUSY. */
struct task *flights_start(struct flights *fs, const struct route *r,
			   const struct digest *d, uint64_t max_bytes, bool *started,
			   struct err *e);

enum flight_look {
	FLIGHT_WAIT,   /* nothing can be said or read yet; its bell will ring */
	FLIGHT_GO,     /* size is known (or never will be: -1) and bytes can be read */
	FLIGHT_MISSED, /* passed through and partly gone: wait for its end, then look
			  again */
	FLIGHT_STORED, /* it was stored before this flight began: look in the store */
	FLIGHT_FAILED, /* *e says why */
};

/* size: INT64 bytes, -1 not known yet. */
enum flight_look flight_look(struct task *t, int64_t *size, struct err *e);
/* Bytes that have come so far, those found on disk too. */
uint64_t flight_landed(struct task *t);
/* It has its turn, among those of its upstream. */
bool flight_has_begun(struct task *t);
/* The disk has no room for it: it goes by without being stored. */
bool flight_is_passing(struct task *t);
const struct reponame *flight_name(struct task *t); /* the repository that started it */

#endif
