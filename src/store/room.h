/*
 * room.h - how many bytes a store's files have, and how many they may.
 *
 * Two numbers in a file that all processes of a store share in memory: the bytes in use
 * (content, what is on its way to become it, uploads; by the files' sizes) and those
 * reserved by who is about to write, or has files that nobody finds after a crash.
 * Together they do not pass the limit, where there is one; each process knows it from its
 * own settings. What a crash leaves wrong is put right: reservations when the next looks
 * (room_reap, and opening as the only one), the rest by the next count (census.h), which
 * is due then. Without that file (a full disk, a file system that cannot share) a process
 * counts for itself. Any thread.
 *
 * Most do not come here: a file that grows has a stake (stake.h).
 */
#ifndef LARDER_STORE_ROOM_H
#define LARDER_STORE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "store/store.h"

#define ROOM_SLICES 256 /* blobs are counted by their digests' first byte */

struct room;

/* For store.c. alone: nobody else has the store open. Never fails. last: nobody will
 * have it open. */
struct room *room_open(struct store *s, bool alone);
void room_close(struct room *r, bool last); /* NULL is fine */

/* Bytes; 0: no limit. At once for all that is asked after it. */
void room_set_limit(struct store *s, uint64_t bytes);
uint64_t room_limit(struct store *s);
uint64_t room_used(struct store *s);
uint64_t room_reserved(struct store *s);

enum room_known {
	ROOM_NOT_COUNTED, /* room_used is what was written since */
	ROOM_DOUBTFUL,	  /* a process or the machine died meanwhile: nearly right */
	ROOM_COUNTED,
};
enum room_known room_known(struct store *s);
/* What a large thing may take in all: a 64th of the limit is left to manifests, which
 * are small and what all else hangs on. */
uint64_t room_most(struct store *s);

/* Before so many bytes are written. ERR_NO_SPACE: they would pass the limit; nothing is
 * reserved then. room_filled or room_release is due for all of them. */
int room_reserve(struct store *s, uint64_t n, struct err *e);
/* The same, waiting for others to make room, or to end a first count, until deadline_ms
 * (monotonic), or until room_give_up. */
int room_reserve_wait(struct store *s, uint64_t n, int64_t deadline_ms, struct err *e);
void room_filled(struct store *s, uint64_t n);	/* reserved bytes are in files now */
void room_release(struct store *s, uint64_t n); /* they never will be */
/* Bytes in use are in a file without a name from now on: as if reserved. */
void room_unnamed(struct store *s, uint64_t n);
/* Small content: in use at once, up to the very limit. ERR_NO_SPACE. */
int room_take(struct store *s, uint64_t n, struct err *e);
void room_sub(struct store *s, uint64_t n); /* files have so many bytes less */

/* A blob's file comes or goes between the two, so that a count sees all of it or nothing:
 * begin before its name changes, end after, with the bytes that its slice has more (or
 * less; 0: nothing came of it). What all files together have is said besides. */
void room_blob_begin(struct store *s, const struct digest *d);
void room_blob_end(struct store *s, const struct digest *d, int64_t more);

/* The same of a file that is no blob (yet): begin before it is written to or cut, end
 * when what it has is said. */
void room_other_begin(struct store *s);
void room_other_end(struct store *s);

/* fn is called, on the thread that finds out, when a reservation does not fit or the
 * whole passes `mark` bytes; it must neither wait nor ask anything of the room. One at a
 * time; NULL: nobody, and fn is not running any more. */
void room_on_pressure(struct store *s, uint64_t mark, void (*fn)(void *arg), void *arg);
/* How many bytes those wait for who wait in this process. */
uint64_t room_wanted(struct store *s);
/* So many bytes are about to come, and what they need is better made now: nothing is
 * reserved. */
void room_expect(struct store *s, uint64_t n);
uint64_t room_expected(struct store *s); /* the most of what was said since ... */
void room_expect_nothing(struct store *s);
/* Somebody waits, or the whole is past the mark: no time for rests. */
bool room_is_pressed(struct store *s);
/* Who waits for room is told that none will be made. */
void room_give_up(struct store *s);
/* Who chooses what is to go asks all processes to write down what they have noted of uses
 * (usage.h): they look for that every ROOM_NOTES_MS while they have notes. */
#define ROOM_NOTES_MS 400
void room_want_notes(struct store *s);
uint64_t room_notes_wanted(struct store *s);	/* how often that was */
void room_set_notes(struct store *s, bool has); /* this process has some, or none */
bool room_others_have_notes(struct store *s);
/* Take back what processes had reserved that are no more. */
void room_reap(struct store *s);

/* For room_count.c: the numbers are others than they were. */
void room_look_again(struct store *s);
/* All slices have been counted (room_count.h); or all but what is no blob. */
void room_counted(struct store *s, bool all);

#endif
