/*
 * task.h - one piece of upstream work however many ask for it.
 *
 * A task has a key. The first to ask starts it on a pool thread; all who ask while it
 * runs get the same one; a failed one lingers as long as it says, so that those who come
 * just after are answered from memory. Nobody blocks on a task: its bell rings when it is
 * done.
 */
#ifndef LARDER_MIRROR_TASK_H
#define LARDER_MIRROR_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "base/err.h"
#include "base/lanes.h"
#include "base/pool.h"

struct tasks;
struct task;

/* What the work leaves behind. */
struct task_result {
	int rc;		/* 0 or -1 */
	struct err err; /* with -1 */
	void *value;	/* with 0; freed by value_free when the last user has gone */
	void (*value_free)(void *value);
	int64_t linger_ms; /* how long after its end the task is still found; 0: not at
			      all */
};

/* Runs on a pool thread. *out comes zeroed. arg lives as long as the task: others may
 * look at it through task_arg at any time, so what is in it is constant or has its own
 * lock. */
typedef void (*task_fn)(struct task *t, void *arg, struct task_result *out);

/* At most `limit` tasks are known at once, running and lingering; at the limit those that
 * linger make room. Those whose time is over are released soon after, while anything else
 * is asked for. */
struct tasks *tasks_new(struct pool *pool, size_t limit);
/* The same, whose tasks run in lanes. */
struct tasks *tasks_new_in(struct lanes *lanes, size_t limit);
void tasks_free(struct tasks *ts); /* the pool has been stopped before */

/* The task with this key that runs or lingers, or NULL. A reference. */
struct task *tasks_find(struct tasks *ts, const char *key);
/* The same, but started if there is none. arg is taken over: arg_free gets it when the
 * task is freed, or at once where an existing one is returned or the call fails. NULL:
 * too much is going on (ERR_BUSY). */
struct task *tasks_start(struct tasks *ts, const char *key, task_fn fn, void *arg,
			 void (*arg_free)(void *arg), bool *started, struct err *e);
/* The same for tasks that run in lanes: which one. */
struct task *tasks_start_in(struct tasks *ts, const char *lane, const char *key,
			    task_fn fn, void *arg, void (*arg_free)(void *arg),
			    bool *started, struct err *e);
/* Forget it: the next to ask starts a new one. */
void tasks_forget(struct tasks *ts, struct task *t);

struct task *task_ref(struct task *t);
void task_unref(struct task *t); /* NULL is fine */
struct bell *task_bell(struct task *t);
void *task_arg(struct task *t);
const char *task_key(const struct task *t);    /* as long as the task */
int64_t task_started_ms(const struct task *t); /* monotonic */
/* NULL while it runs; then the result, unchanging, valid while the reference is held. */
const struct task_result *task_result(struct task *t);

#endif
