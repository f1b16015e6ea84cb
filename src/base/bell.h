/*
 * bell.h - something that changes, and those who want to be told once.
 *
 * The way to wait without blocking a thread: note bell_count, look at the thing, and if
 * it is not ready, bell_wait with the count noted. Whoever changes the thing rings. No
 * change is missed, and nobody is woken twice.
 */
#ifndef LARDER_BASE_BELL_H
#define LARDER_BASE_BELL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Lives in the waiting party; must stay valid until wake has been called. */
struct waiter {
	void (*wake)(void *arg); /* from any thread, no lock held */
	void *arg;
	struct waiter *next; /* the bell's while queued */
};

struct bell {
	pthread_mutex_t mu; /* guards first; innermost lock */
	_Atomic uint64_t count;
	_Atomic(struct waiter *) first;
};

void bell_init(struct bell *b);
void bell_done(struct bell *b); /* nobody may be waiting */
uint64_t bell_count(struct bell *b);
/* true: queued, w->wake will be called exactly once. false: rung since `seen`; look
 * again. */
bool bell_wait(struct bell *b, uint64_t seen, struct waiter *w);
void bell_ring(struct bell *b);
/* true: w was queued and is no more; wake will not be called. false: it is not queued
 * (any more): it has been woken, or is about to be. */
bool bell_cancel(struct bell *b, struct waiter *w);

#endif
