/*
 * keep.h - how those who name content and those who collect what nobody names (collect.h)
 * stay out of each other's way, in one process and between several.
 *
 * Who is about to name something that is there already (in a manifest, by a link, or by
 * telling a client that it need not be sent) calls keep_blob first: what it says is here
 * is not swept by any collection that runs now, nor by one that begins within KEEP_MS
 * (KEEP_LEAST_MS, for an eviction). That is done by the file's own time, so a crash
 * leaves nothing behind.
 *
 * Sweeping is the one thing that excludes it, for some milliseconds a time: flock(2) on
 * LAYOUT_SWEEP, shared by keepers and exclusive to the sweeper.
 */
#ifndef LARDER_STORE_KEEP_H
#define LARDER_STORE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

#define KEEP_MS 60000 /* what is younger than that is not swept, ... */
/* ... or than this, where room is needed at once: then what is about to be named by a
 * mirrored repository may have to be fetched again. What local ones are about to name has
 * a young link, or looks again when it is named (mstore.c). */
#define KEEP_LEAST_MS 500

/* Is it here? Then it stays, as above. One look at the file where it has been kept
 * lately; else it may wait some milliseconds for a sweep. Any thread. */
bool keep_blob(struct store *s, const struct digest *d);
/* A repository's link to a blob counts as new from now on: what a client is told is here,
 * and will name in a manifest, perhaps hours later. False: there is none, or no blob. */
bool keep_link(struct store *s, const struct reponame *name, const struct digest *d);

/* The same of a link alone, whose blob is about to come. */
void keep_link_only(struct store *s, const struct reponame *name, const struct digest *d);

/* A file that is about to become a blob counts as kept from now on. */
void keep_file(int fd);

/* For collect.c. The time by the file system's own clock, in ms. */
int keep_now(struct store *s, int64_t *ms, struct err *e);
/* Is it a file that has not been kept since then (as of keep_now)? *bytes is set in any
 * case; 0: it is none. */
bool keep_is_old(struct store *s, const struct digest *d, int64_t since_ms,
		 uint64_t *bytes);
/* With the lock: take a blob that is old out of its place. 1: its bytes are at `to`, to
 * be removed without the lock. 0: it stays, or has gone. */
int keep_take_out(struct store *s, const struct digest *d, int64_t since_ms,
		  const char *to, uint64_t *bytes, struct err *e);
/* The sweeper's lock: nobody keeps anything meanwhile. Waits for those who do. */
int keep_lock(struct store *s, int *fd, struct err *e);
void keep_unlock(int *fd);

#endif
