/*
 * claim.c - a set of keys and one condition for all who wait; waits are rare and short.
 */
#include "mirror/claim.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/map.h"
#include "base/mem.h"

struct claims {
	pthread_mutex_t mu; /* guards held */
	pthread_cond_t released;
	struct map *held;
};

struct claims *claims_new(void)
{
	struct claims *c = mem_alloc(sizeof(*c));
	pthread_condattr_t attr;

	pthread_mutex_init(&c->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->released, &attr);
	pthread_condattr_destroy(&attr);
	c->held = map_new(SIZE_MAX); /* one a pool thread at the most */
	return c;
}

void claims_free(struct claims *c)
{
	if (c == NULL)
		return;
	map_free(c->held, NULL);
	pthread_cond_destroy(&c->released);
	pthread_mutex_destroy(&c->mu);
	free(c);
}

bool claim_take(struct claims *c, const char *key, int64_t deadline_ms)
{
	struct timespec until = { .tv_sec = deadline_ms / 1000,
				  .tv_nsec = deadline_ms % 1000 * 1000000 };
	bool free_now;
	int rc = 0;

	pthread_mutex_lock(&c->mu);
	while (map_get(c->held, key) != NULL && rc == 0)
		rc = pthread_cond_timedwait(&c->released, &c->mu, &until);
	free_now = map_get(c->held, key) == NULL;
	if (free_now)
		map_put(c->held, key, c);
	pthread_mutex_unlock(&c->mu);
	return free_now;
}

void claim_release(struct claims *c, const char *key)
{
	pthread_mutex_lock(&c->mu);
	map_del(c->held, key);
	pthread_cond_broadcast(&c->released);
	pthread_mutex_unlock(&c->mu);
}
