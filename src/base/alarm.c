/*
 * alarm.c - a list sorted by time and the thread that waits for its head.
 *
 * a->mu guards all fields; calls are made without it.  Times are mostly set in order, so
 * the place of a new one is looked for from the end.
 */
#include "base/alarm.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

struct one {
	struct one *prev, *next;
	int64_t at_ms;
	void (*fn)(void *arg);
	void *arg;
};

struct alarms {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	struct one *first, *last;
	unsigned count;
	bool stopping;
	pthread_t thread;
};

static void wait_until(struct alarms *a, int64_t at_ms)
{
	struct timespec ts = { .tv_sec = at_ms / 1000,
			       .tv_nsec = at_ms % 1000 * 1000000 };

	pthread_cond_timedwait(&a->changed, &a->mu, &ts);
}

static struct one *take_due(struct alarms *a)
{
	struct one *o = a->first;

	if (o == NULL || (!a->stopping && o->at_ms > clock_mono_ms()))
		return NULL;
	a->first = o->next;
	*(a->first ? &a->first->prev : &a->last) = NULL;
	a->count--;
	return o;
}

static void *alarm_thread(void *arg)
{
	struct alarms *a = arg;
	struct one *o;

	pthread_setname_np(pthread_self(), "alarms");
	pthread_mutex_lock(&a->mu);
	while (a->first != NULL || !a->stopping) {
		o = take_due(a);
		if (o != NULL) {
			pthread_mutex_unlock(&a->mu);
			o->fn(o->arg);
			free(o);
			pthread_mutex_lock(&a->mu);
		} else if (a->first != NULL) {
			wait_until(a, a->first->at_ms);
		} else {
			pthread_cond_wait(&a->changed, &a->mu);
		}
	}
	pthread_mutex_unlock(&a->mu);
	return NULL;
}

struct alarms *alarms_new(void)
{
	struct alarms *a = mem_alloc(sizeof(*a));
	pthread_condattr_t attr;
	sigset_t all, old;

	pthread_mutex_init(&a->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&a->thread, NULL, alarm_thread, a) != 0)
		abort(); /* at start only */
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return a;
}

bool alarms_set(struct alarms *a, int64_t at_ms, void (*fn)(void *arg), void *arg)
{
	struct one *o, *before;
	bool set = false;

	pthread_mutex_lock(&a->mu);
	if (a->count < ALARM_LIMIT && !a->stopping) {
		o = mem_alloc(sizeof(*o));
		o->at_ms = at_ms;
		o->fn = fn;
		o->arg = arg;
		for (before = a->last; before && before->at_ms > at_ms;)
			before = before->prev;
		o->prev = before;
		o->next = before ? before->next : a->first;
		*(o->prev ? &o->prev->next : &a->first) = o;
		*(o->next ? &o->next->prev : &a->last) = o;
		a->count++;
		set = true;
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->mu);
	return set;
}

void alarms_stop(struct alarms *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->mu);
	a->stopping = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->mu);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->mu);
	free(a);
}
