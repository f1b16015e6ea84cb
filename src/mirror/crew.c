/*
 * crew.c - a counter that workers draw from; mu guards it and the failure.
 */
#include "mirror/crew.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/pool.h"

struct crew {
	pthread_mutex_t mu; /* guards the rest below */
	size_t next;
	bool failed;
	struct err why;
	size_t n;
	int (*part)(void *arg, size_t i, struct err *e);
	void *arg;
};

static void work(void *arg)
{
	struct crew *c = arg;
	struct err e = { 0 };
	size_t i;
	int rc;

	pthread_mutex_lock(&c->mu);
	while (!c->failed && c->next < c->n) {
		i = c->next++;
		pthread_mutex_unlock(&c->mu);
		rc = c->part(c->arg, i, &e);
		pthread_mutex_lock(&c->mu);
		if (rc != 0 && !c->failed) {
			c->failed = true;
			c->why = e;
		}
	}
	pthread_mutex_unlock(&c->mu);
}

int crew_run(unsigned threads, size_t n, int (*part)(void *arg, size_t i, struct err *e),
	     void *arg, struct err *e)
{
	struct crew c = {
		.mu = PTHREAD_MUTEX_INITIALIZER, .n = n, .part = part, .arg = arg
	};
	struct pool *others = NULL;
	unsigned i;

	if (threads > 1 && n > 1) {
		others = pool_new("crew", threads - 1, threads);
		for (i = 1; i < threads && i < n; i++)
			pool_submit(others, work, &c, NULL);
	}
	work(&c);
	if (others != NULL)
		pool_stop(others);
	pthread_mutex_destroy(&c.mu);
	if (c.failed && e != NULL)
		*e = c.why;
	return c.failed ? -1 : 0;
}
