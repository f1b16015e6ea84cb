/*
 * pool.c - threads that take jobs from one queue.
 *
 * p->mu guards all fields.  Threads are detached; pool_stop waits until the last has
 * left.
 */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fault.h"
#include "base/mem.h"

#define IDLE_SECONDS 30
#define STACK_BYTES (512 * 1024)

struct job {
	struct job *next;
	void (*fn)(void *arg);
	void *arg;
};

struct pool {
	pthread_mutex_t mu;
	pthread_cond_t work; /* a job was queued, or stopping */
	pthread_cond_t left; /* a thread has left */
	struct job *first, **last;
	size_t queued, max_queued;
	unsigned threads, idle, max_threads;
	bool stopping;
	char name[16];
};

struct pool *pool_new(const char *name, unsigned max_threads, size_t max_queued)
{
	struct pool *p = mem_alloc(sizeof(*p));
	pthread_condattr_t attr;

	pthread_mutex_init(&p->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->work, &attr);
	pthread_cond_init(&p->left, NULL);
	pthread_condattr_destroy(&attr);
	p->last = &p->first;
	p->max_threads = max_threads;
	p->max_queued = max_queued;
	snprintf(p->name, sizeof(p->name), "%s", name);
	return p;
}

/* Called with the lock held; true when there is a job to take. */
static bool wait_for_job(struct pool *p)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	p->idle++;
	while (p->first == NULL && !p->stopping && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&p->work, &p->mu, &until);
	p->idle--;
	return p->first != NULL;
}

static void *pool_thread(void *arg)
{
	struct pool *p = arg;

	pthread_setname_np(pthread_self(), p->name);
	pthread_mutex_lock(&p->mu);
	while (wait_for_job(p)) {
		struct job *j = p->first;

		p->first = j->next;
		if (p->first == NULL)
			p->last = &p->first;
		p->queued--;
		pthread_mutex_unlock(&p->mu);
		j->fn(j->arg);
		free(j);
		pthread_mutex_lock(&p->mu);
	}
	p->threads--;
	pthread_cond_broadcast(&p->left);
	pthread_mutex_unlock(&p->mu);
	return NULL;
}

/* Called with the lock held. Signals are for the main thread only. */
static int start_thread(struct pool *p)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t t;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = fault("pool.thread");
	if (rc == 0)
		rc = pthread_create(&t, &attr, pool_thread, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		p->threads++;
	return rc;
}

int pool_submit(struct pool *p, void (*fn)(void *arg), void *arg, struct err *e)
{
	struct job *j;
	int rc = 0;

	pthread_mutex_lock(&p->mu);
	if (p->stopping) {
		rc = err_set(e, ERR_CANCELLED, "larder is stopping");
	} else if (p->queued >= p->max_queued) {
		rc = err_set(e, ERR_BUSY, "too much work is waiting (%zu in queue '%s')",
			     p->queued, p->name);
	} else if (p->idle <= p->queued && p->threads < p->max_threads &&
		   start_thread(p) != 0 && p->threads == 0) {
		rc = err_set(e, ERR_BUSY, "cannot start a thread for '%s'", p->name);
	} else {
		j = mem_alloc(sizeof(*j));
		j->fn = fn;
		j->arg = arg;
		*p->last = j;
		p->last = &j->next;
		p->queued++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->mu);
	return rc;
}

void pool_stop(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->mu);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	while (p->threads > 0)
		pthread_cond_wait(&p->left, &p->mu);
	pthread_mutex_unlock(&p->mu);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->left);
	pthread_mutex_destroy(&p->mu);
	free(p);
}
