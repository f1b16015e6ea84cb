/*
 * gate.c - one mutex, one condition, one flag, one list of sleepers.
 *
 * mu guards sleepers, and whatever other files of this floor say it guards. It is
 * innermost and never held across I/O.
 */
#include "upstream/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "base/clock.h"

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rung = PTHREAD_COND_INITIALIZER;
static struct gate_sleeper *sleepers; /* guarded by mu */
static atomic_bool stopped;

void gate_lock(void)
{
	pthread_mutex_lock(&mu);
}

void gate_unlock(void)
{
	pthread_mutex_unlock(&mu);
}

bool gate_wait(int64_t until_ms)
{
	struct timespec until = { .tv_sec = until_ms / 1000,
				  .tv_nsec = (until_ms % 1000) * 1000000 };

	if (gate_stopped() || clock_mono_ms() >= until_ms)
		return false;
	pthread_cond_clockwait(&rung, &mu, CLOCK_MONOTONIC, &until);
	return !gate_stopped() && clock_mono_ms() < until_ms;
}

void gate_ring(void)
{
	pthread_cond_broadcast(&rung);
}

void gate_open(void)
{
	atomic_store(&stopped, false);
}

void gate_stop(void)
{
	struct gate_sleeper *s;

	atomic_store(&stopped, true);
	gate_lock();
	for (s = sleepers; s != NULL; s = s->next)
		s->wake(s->arg);
	gate_ring();
	gate_unlock();
}

bool gate_stopped(void)
{
	return atomic_load(&stopped);
}

int gate_stopped_err(struct err *e)
{
	return err_set(e, ERR_CANCELLED, "larder is stopping");
}

void gate_enter(struct gate_sleeper *s)
{
	gate_lock();
	s->prev = NULL;
	s->next = sleepers;
	if (sleepers != NULL)
		sleepers->prev = s;
	sleepers = s;
	gate_unlock();
}

void gate_leave(struct gate_sleeper *s)
{
	gate_lock();
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		sleepers = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	gate_unlock();
}
