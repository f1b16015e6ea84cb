/*
 * room.h - how many bytes a store's files have, and how many they may.
 *
 * Two numbers in a file that all processes of a store share in memory: the bytes in use
 * (content, what is on its way to become it, uploads; by the files' sizes) and those
 * reserved by who is about to write. Together they do not pass the limit, where there is
 * one; each process knows it from its own settings. What a crash leaves wrong is put
 * right by the next count: reservations when a process opens the store as the only one,
 * the rest by room_count_end. Without that file (a full disk, a file system that cannot
 * share) a process counts for itself. Any thread.
 */
#ifndef LARDER_STORE_ROOM_H
#define LARDER_STORE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct room;

/* For store.c. alone: nobody else has the store open. Never fails. */
struct room *room_open(struct store *s, bool alone);
void room_close(struct room *r); /* NULL is fine */

/* Bytes; 0: no limit. At once for all that is asked after it. */
void room_set_limit(struct store *s, uint64_t bytes);
uint64_t room_limit(struct store *s);
uint64_t room_used(struct store *s);
uint64_t room_reserved(struct store *s);
/* Has it ever been counted? Until then room_used is what was written since. */
bool room_is_counted(struct store *s);

/* Before so many bytes are written. ERR_NO_SPACE: they would pass the limit; nothing is
 * reserved then. room_filled or room_release is due for all of them. */
int room_reserve(struct store *s, uint64_t n, struct err *e);
/* The same, waiting for others to make room until deadline_ms (monotonic), or until
 * room_give_up. */
int room_reserve_wait(struct store *s, uint64_t n, int64_t deadline_ms, struct err *e);
void room_filled(struct store *s, uint64_t n);	/* reserved bytes are in files now */
void room_release(struct store *s, uint64_t n); /* they never will be */
/* Files have so many bytes more, whatever the limit says; or fewer. */
void room_add(struct store *s, uint64_t n);
void room_sub(struct store *s, uint64_t n);

/* fn is called, on the thread that finds out, when a reservation does not fit or use
 * passes `mark` bytes; it must not wait. One at a time; NULL: nobody. */
void room_on_pressure(struct store *s, uint64_t mark, void (*fn)(void *arg), void *arg);
/* Who waits for room is told that none will be made. */
void room_give_up(struct store *s);

/* Between the two, files are counted; what is written meanwhile is not lost. */
struct room_count {
	uint64_t used_before;
};
void room_count_begin(struct store *s, struct room_count *c);
void room_count_end(struct store *s, const struct room_count *c, uint64_t bytes);

#endif
