/*
 * reader.h - a place in a flight: bytes as they land.
 */
#ifndef LARDER_MIRROR_READER_H
#define LARDER_MIRROR_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bell.h"
#include "base/err.h"
#include "mirror/task.h"

#define READER_STILL_MS                                                                  \
	30000 /* in pass-through, a reader that stands still is left behind */

struct reader;

/* A place in a flight, for a client that has been told `size` (-1: not). The reader keeps
 * the flight's task alive. */
struct reader *reader_new(struct task *t, uint64_t off, int64_t size);
/* Nothing has been read, and what is at its place has gone by between the look at the
 * flight and reader_new: look again (FLIGHT_MISSED). */
bool reader_missed(struct reader *rd);
void reader_free(struct reader *rd);
/* Up to n bytes at off, which never goes back. >0: so many. -EAGAIN: none now; wait on
 * the bell with *seen. 0: the end (only where the size was not known). -1: the rest will
 * never come, *e says why: end the answer short. */
ssize_t reader_read(struct reader *rd, uint64_t off, void *p, size_t n, uint64_t *seen,
		    struct err *e);
struct bell *reader_bell(struct reader *rd);

#endif
