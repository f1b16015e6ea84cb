/*
 * bell.c - a counter and a list of waiters.  Ringing detaches the whole list under the
 * lock and calls the waiters without it; a ring nobody waits for is one addition and one
 * load.
 */
#include "base/bell.h"

#include <stddef.h>

void bell_init(struct bell *b)
{
	pthread_mutex_init(&b->mu, NULL);
	atomic_init(&b->count, 0);
	atomic_init(&b->first, NULL);
}

void bell_done(struct bell *b)
{
	pthread_mutex_destroy(&b->mu);
}

uint64_t bell_count(struct bell *b)
{
	return atomic_load(&b->count);
}

bool bell_wait(struct bell *b, uint64_t seen, struct waiter *w)
{
	bool queued = false;

	pthread_mutex_lock(&b->mu);
	w->next = atomic_load(&b->first);
	atomic_store(&b->first, w); /* before the count is read: see bell_ring */
	if (atomic_load(&b->count) == seen)
		queued = true;
	else
		atomic_store(&b->first, w->next);
	pthread_mutex_unlock(&b->mu);
	return queued;
}

void bell_ring(struct bell *b)
{
	struct waiter *w, *next;

	/* Sequentially consistent with bell_wait: either we see its waiter, or it sees
	 * our count. */
	atomic_fetch_add(&b->count, 1);
	if (atomic_load(&b->first) == NULL)
		return;
	pthread_mutex_lock(&b->mu);
	w = atomic_load(&b->first);
	atomic_store(&b->first, NULL);
	pthread_mutex_unlock(&b->mu);
	for (; w != NULL; w = next) {
		next = w->next;
		w->wake(w->arg);
	}
}

bool bell_cancel(struct bell *b, struct waiter *w)
{
	struct waiter *prev = NULL, *at;

	pthread_mutex_lock(&b->mu);
	for (at = atomic_load(&b->first); at != NULL && at != w; at = at->next)
		prev = at;
	if (at != NULL && prev != NULL)
		prev->next = w->next;
	else if (at != NULL)
		atomic_store(&b->first, w->next);
	pthread_mutex_unlock(&b->mu);
	return at != NULL;
}
