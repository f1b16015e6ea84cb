/*
 * flight_impl.h - a flight as its writer (fill.c), its readers (reader.c) and the table
 * (flight.c) see it. Not for other files.
 *
 * f->mu guards the fields marked so; it is never held across I/O, a bell or a callback.
 * One writer (the flight's pool thread) extends and finishes; readers only look. What
 * only the writer changes, the writer may read without the lock.
 */
#ifndef LARDER_MIRROR_FLIGHT_IMPL_H
#define LARDER_MIRROR_FLIGHT_IMPL_H

#include <pthread.h>

#include "base/alarm.h"
#include "base/lanes.h"
#include "base/metrics.h"
#include "codec/hash.h"
#include "mirror/flight.h"
#include "mirror/space.h"

struct flights {
	struct store *store;
	struct lanes *lanes; /* of the upstreams' hosts */
	struct tasks *tasks;
	struct alarms *alarms;
	metric_cell *running, *resumed, *mismatches, *broken, *passed;
};

struct flight {
	struct flights *home;
	struct alarms *alarms; /* there longer than home is */
	struct route route;
	struct digest digest;
	char text[DIGEST_TEXT_MAX];
	uint64_t max_bytes; /* where the upstream does not say the size */
	atomic_bool begun;

	/* the writer's own */
	struct task *task;
	struct hash *hash;
	uint64_t skip; /* bytes that come again because the upstream ignored our offset */
	bool stored_before; /* there was nothing to do; others: when the task has ended */
	bool second;	    /* the second attempt, after wrong bytes; readers: with mu */

	pthread_mutex_t mu;
	pthread_cond_t moved; /* a reader went on, came or left */
	/* guarded by mu */
	struct space space;
	bool open; /* space is valid */
	bool proved;
	int64_t size; /* -1: not known */
	uint64_t landed;
	int64_t first_byte_ms;
	uint64_t differs_at; /* offset of the first byte that the first attempt had wrong
			      */
	struct reader *readers;
};

struct reader {
	struct reader *prev, *next; /* guarded by the flight's mu, as all below */
	struct task *task;
	struct flight *f;
	uint64_t first;	  /* where it began */
	uint64_t pos;	  /* bytes before it have been given out */
	uint64_t old_pos; /* pos when the second attempt began */
	int64_t size;	  /* what its client was told; -1: nothing */
	bool lost;	  /* pass-through went on without it */
};

/* How many bytes from the start may be given out. With the lock held. */
uint64_t flight_released(const struct flight *f);

#endif
