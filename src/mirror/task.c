/*
 * task.c - the table of running and lingering tasks.
 *
 * ts->mu guards the table; what is taken out of it is released without it.  A task's
 * result is written once, before `done` is set; readers look at `done` first.  The table
 * holds one reference, the running work another.
 */
#include "mirror/task.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/mem.h"

/* How often those that nobody asks for any more are looked for: they may hold files. */
#define SWEEP_MS 200

struct task {
	atomic_int refs;
	atomic_bool done;
	struct tasks *home;
	struct task *next; /* among those taken out of the table */
	char *key;
	task_fn fn;
	void *arg;
	void (*arg_free)(void *arg);
	int64_t started_ms;
	int64_t until_ms; /* when done: not found after this, by clock_passed_ms */
	struct bell bell;
	struct task_result result;
};

struct tasks {
	pthread_mutex_t mu;
	struct pool *pool; /* one of both */
	struct lanes *lanes;
	struct map *by_key;
	size_t limit;
	int64_t swept_ms;
	struct task *out; /* taken out, with the table's reference; released unlocked */
};

struct tasks *tasks_new(struct pool *pool, size_t limit)
{
	struct tasks *ts = mem_alloc(sizeof(*ts));

	pthread_mutex_init(&ts->mu, NULL);
	ts->pool = pool;
	ts->by_key = map_new(limit);
	ts->limit = limit;
	return ts;
}

struct tasks *tasks_new_in(struct lanes *lanes, size_t limit)
{
	struct tasks *ts = tasks_new(NULL, limit);

	ts->lanes = lanes;
	return ts;
}

static void unref_value(void *t)
{
	task_unref(t);
}

void tasks_free(struct tasks *ts)
{
	if (ts == NULL)
		return;
	map_free(ts->by_key, unref_value);
	pthread_mutex_destroy(&ts->mu);
	free(ts);
}

struct task *task_ref(struct task *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void task_unref(struct task *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	if (t->result.value != NULL && t->result.value_free != NULL)
		t->result.value_free(t->result.value);
	t->arg_free(t->arg);
	bell_done(&t->bell);
	free(t->key);
	free(t);
}

struct bell *task_bell(struct task *t)
{
	return &t->bell;
}

void *task_arg(struct task *t)
{
	return t->arg;
}

const char *task_key(const struct task *t)
{
	return t->key;
}

int64_t task_started_ms(const struct task *t)
{
	return t->started_ms;
}

const struct task_result *task_result(struct task *t)
{
	return atomic_load(&t->done) ? &t->result : NULL;
}

static bool is_over(const struct task *t, int64_t now_ms)
{
	return atomic_load(&t->done) && t->until_ms <= now_ms;
}

/* With the lock held, for what is in the table no more. */
static void take_out(struct tasks *ts, struct task *t)
{
	t->next = ts->out;
	ts->out = t;
}

/* Unlocks, then releases what was taken out: that may free, close and call back. */
static void unlock(struct tasks *ts)
{
	struct task *t = TAKE(ts->out), *next;

	pthread_mutex_unlock(&ts->mu);
	for (; t != NULL; t = next) {
		next = t->next;
		task_unref(t);
	}
}

static bool drop_over(void *value, void *arg)
{
	struct tasks *ts = arg;

	if (!is_over(value, ts->swept_ms))
		return false;
	take_out(ts, value);
	return true;
}

static bool drop_done(void *value, void *arg)
{
	struct task *t = value;

	if (!atomic_load(&t->done))
		return false;
	take_out(arg, t);
	return true;
}

/* With the lock held. */
static void sweep(struct tasks *ts, int64_t now_ms)
{
	ts->swept_ms = now_ms;
	map_sweep(ts->by_key, drop_over, ts);
}

/* With the lock held: the live task with this key, or NULL. */
static struct task *find(struct tasks *ts, const char *key)
{
	struct task *t = map_get(ts->by_key, key);
	int64_t now_ms = clock_passed_ms();

	if (t != NULL && is_over(t, now_ms)) {
		map_del(ts->by_key, key);
		take_out(ts, t);
		t = NULL;
	}
	if (now_ms - ts->swept_ms >= SWEEP_MS)
		sweep(ts, now_ms);
	return t;
}

struct task *tasks_find(struct tasks *ts, const char *key)
{
	struct task *t;

	pthread_mutex_lock(&ts->mu);
	t = find(ts, key);
	if (t != NULL)
		task_ref(t);
	unlock(ts);
	return t;
}

/* With the lock held. */
static void forget(struct tasks *ts, struct task *t)
{
	if (map_get(ts->by_key, t->key) == t) {
		map_del(ts->by_key, t->key);
		take_out(ts, t);
	}
}

void tasks_forget(struct tasks *ts, struct task *t)
{
	pthread_mutex_lock(&ts->mu);
	forget(ts, t);
	unlock(ts);
}

static void run(void *arg)
{
	struct task *t = arg;
	struct tasks *ts = t->home;

	t->fn(t, t->arg, &t->result);
	t->until_ms = clock_passed_ms() + t->result.linger_ms;
	atomic_store(&t->done, true);
	if (t->result.linger_ms <= 0)
		tasks_forget(ts, t);
	bell_ring(&t->bell);
	task_unref(t);
}

static struct task *new_task(struct tasks *ts, const char *key, task_fn fn, void *arg,
			     void (*arg_free)(void *arg))
{
	struct task *t = mem_alloc(sizeof(*t));

	atomic_init(&t->refs, 2); /* the table's and the work's */
	atomic_init(&t->done, false);
	t->home = ts;
	t->key = mem_dup(key);
	t->fn = fn;
	t->arg = arg;
	t->arg_free = arg_free;
	t->started_ms = clock_mono_ms();
	bell_init(&t->bell);
	return t;
}

static int submit(struct tasks *ts, const char *lane, struct task *t, struct err *e)
{
	return ts->lanes != NULL ? lanes_submit(ts->lanes, lane, run, t, e)
				 : pool_submit(ts->pool, run, t, e);
}

/* With the lock held. */
static struct task *start(struct tasks *ts, const char *lane, const char *key, task_fn fn,
			  void *arg, void (*arg_free)(void *arg), struct err *e)
{
	struct task *t = new_task(ts, key, fn, arg, arg_free);
	int rc;

	if (map_count(ts->by_key) >= ts->limit)
		sweep(ts, clock_passed_ms());
	/* What lingers is a convenience; it must not keep new work out. */
	if (map_count(ts->by_key) >= ts->limit)
		map_sweep(ts->by_key, drop_done, ts);
	rc = map_put(ts->by_key, key, t);
	if (rc != 0) {
		err_set(e, ERR_BUSY, "too many requests to upstreams are under way (%zu)",
			ts->limit);
		take_out(ts, t);
	} else {
		rc = submit(ts, lane, t, e);
		if (rc != 0)
			forget(ts, t);
	}
	if (rc != 0) {
		task_unref(t); /* the work's; the table's comes with unlock */
		return NULL;
	}
	return task_ref(t);
}

struct task *tasks_start_in(struct tasks *ts, const char *lane, const char *key,
			    task_fn fn, void *arg, void (*arg_free)(void *arg),
			    bool *started, struct err *e)
{
	struct task *t;

	(void)fault("task.start"); /* it may pause here: what was looked at gets old */
	pthread_mutex_lock(&ts->mu);
	t = find(ts, key);
	*started = t == NULL;
	if (t != NULL)
		task_ref(t);
	else
		t = start(ts, lane, key, fn, arg, arg_free, e);
	unlock(ts);
	if (t != NULL && !*started)
		arg_free(arg);
	return t;
}

struct task *tasks_start(struct tasks *ts, const char *key, task_fn fn, void *arg,
			 void (*arg_free)(void *arg), bool *started, struct err *e)
{
	return tasks_start_in(ts, NULL, key, fn, arg, arg_free, started, e);
}
