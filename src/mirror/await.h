/*
 * await.h - a thread that blocks until one of several bells has rung.
 *
 * For the threads of commands and schedules, which may wait; handlers park instead.
 * One thread waits; any may ring.
 */
#ifndef LARDER_MIRROR_AWAIT_H
#define LARDER_MIRROR_AWAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"

struct await {
	pthread_mutex_t mu; /* guards rung, and `waiting` of its places */
	pthread_cond_t cond;
	bool rung;
};

/* One bell that is waited for. Zeroed by the caller; stays where it is while it waits. */
struct await_place {
	struct await *a;
	struct bell *bell;
	struct waiter waiter;
	bool waiting;
};

void await_init(struct await *a);
void await_done(struct await *a); /* no place of it is waiting */
/* Be woken when b rings. False: it has rung since `seen`; look again. */
bool await_add(struct await *a, struct await_place *p, struct bell *b, uint64_t seen);
bool await_waits(struct await_place *p); /* added, and its bell has not rung since */
/* Blocks until a bell has rung since the last call. */
void await_any(struct await *a);
/* Stop waiting at this place; afterwards it may be reused or go. */
void await_leave(struct await_place *p);

#endif
