/*
 * lanes.c - queues in front of a pool, and whose turn it is.
 *
 * l->mu guards all fields; it is taken before the pool's own lock. A job is handed to the
 * pool only when it may run at once; whoever ends a job takes the next one that may run,
 * so nothing waits while there is room for it. A lane is in the ring while it has work,
 * and there are few: one for each upstream that is being asked.
 */
#include "base/lanes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "base/pool.h"

struct job {
	struct job *next;
	struct lanes *home;
	struct lane *lane;
	void (*fn)(void *arg);
	void *arg;
};

struct lane {
	struct lane *next;
	char *name;
	struct job *first, **last;
	size_t queued;
	unsigned running;
};

struct lanes {
	pthread_mutex_t mu;
	struct pool *pool;
	struct lane *first; /* those with work, in the order of their turns */
	unsigned max, own;
	unsigned running;
	unsigned shared; /* of those, how many are beyond their lane's own */
	size_t max_queued;
	bool stopping;
	char *name;
	metric_cell *active;
};

struct lanes *lanes_new(const char *name, unsigned max_threads, size_t max_queued)
{
	struct lanes *l = mem_alloc(sizeof(*l));

	pthread_mutex_init(&l->mu, NULL);
	l->pool = pool_new(name, LANES_MOST * max_threads, LANES_MOST * max_threads);
	l->max = max_threads;
	l->own = max_threads / 4 > 0 ? max_threads / 4 : 1;
	l->max_queued = max_queued;
	l->name = mem_dup(name);
	l->active =
		metrics_cell(metrics_family(METRIC_GAUGE, "larder_work_active", "kind",
					    "Work that waits for a thread or has one"),
			     name, NULL, NULL, NULL);
	return l;
}

/* The functions below: with the lock held. */

static struct lane **find(struct lanes *l, const char *name)
{
	struct lane **at = &l->first;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static struct lane *lane_of(struct lanes *l, const char *name)
{
	struct lane **at = find(l, name);

	if (*at == NULL) {
		*at = mem_alloc(sizeof(**at));
		(*at)->name = mem_dup(name);
		(*at)->last = &(*at)->first;
	}
	return *at;
}

static void drop_if_idle(struct lanes *l, struct lane *lane)
{
	struct lane **at;

	if (lane->running > 0 || lane->queued > 0)
		return;
	at = find(l, lane->name);
	*at = lane->next;
	free(lane->name);
	free(lane);
}

static bool may_run(const struct lanes *l, const struct lane *lane)
{
	return l->running < LANES_MOST * l->max &&
	       (lane->running < l->own || l->shared < l->max - l->own);
}

static void count_begin(struct lanes *l, struct lane *lane)
{
	l->shared += lane->running >= l->own;
	lane->running++;
	l->running++;
}

static void count_end(struct lanes *l, struct lane *lane)
{
	l->running--;
	lane->running--;
	l->shared -= lane->running >= l->own;
}

static void to_the_end(struct lanes *l, struct lane **at)
{
	struct lane *lane = *at;

	*at = lane->next;
	lane->next = NULL;
	while (*at != NULL)
		at = &(*at)->next;
	*at = lane;
}

/* The next that may run, counted as running; NULL: none. */
static struct job *take_next(struct lanes *l)
{
	struct lane **at, *lane;
	struct job *j;

	for (at = &l->first; (lane = *at) != NULL; at = &lane->next)
		if (lane->queued > 0 && may_run(l, lane))
			break;
	if (lane == NULL)
		return NULL;
	j = lane->first;
	lane->first = j->next;
	if (lane->first == NULL)
		lane->last = &lane->first;
	lane->queued--;
	count_begin(l, lane);
	to_the_end(l, at);
	return j;
}

static void run(void *arg)
{
	struct job *j = arg, *next;
	struct lanes *l = j->home;

	for (; j != NULL; j = next) {
		j->fn(j->arg);
		metrics_add(l->active, -1);
		pthread_mutex_lock(&l->mu);
		count_end(l, j->lane);
		next = take_next(l);
		drop_if_idle(l, j->lane);
		pthread_mutex_unlock(&l->mu);
		free(j);
	}
}

static void enqueue(struct lane *lane, struct job *j)
{
	*lane->last = j;
	lane->last = &j->next;
	lane->queued++;
}

/* The pool is asked with the lock held: nobody may queue behind a job that the pool then
 * refuses, since nobody would come for what is queued. */
static int start(struct lanes *l, struct lane *lane, struct job *j, struct err *e)
{
	count_begin(l, lane);
	if (pool_submit(l->pool, run, j, e) == 0)
		return 0;
	count_end(l, lane);
	return -1;
}

int lanes_submit(struct lanes *l, const char *name, void (*fn)(void *arg), void *arg,
		 struct err *e)
{
	struct job *j = mem_alloc(sizeof(*j));
	struct lane *lane;
	int rc = 0;

	metrics_add(l->active, 1);
	pthread_mutex_lock(&l->mu);
	lane = lane_of(l, name);
	*j = (struct job){ .home = l, .lane = lane, .fn = fn, .arg = arg };
	if (l->stopping)
		rc = err_set(e, ERR_CANCELLED, "larder is stopping");
	else if (lane->queued == 0 && may_run(l, lane))
		rc = start(l, lane, j, e);
	else if (lane->queued < l->max_queued)
		enqueue(lane, j);
	else
		rc = err_set(e, ERR_BUSY,
			     "too much work is waiting for %s (%zu in queue '%s')", name,
			     lane->queued, l->name);
	if (rc != 0) {
		metrics_add(l->active, -1);
		drop_if_idle(l, lane);
		free(j);
	}
	pthread_mutex_unlock(&l->mu);
	return rc;
}

void lanes_stop(struct lanes *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->mu);
	l->stopping = true;
	pthread_mutex_unlock(&l->mu);
	pool_stop(l->pool);
	pthread_mutex_destroy(&l->mu);
	free(l->name);
	free(l);
}
