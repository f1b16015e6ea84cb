/*
 * work.c - a pool for blocking work, as tasks of which each has one request.
 */
#include "server/work.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pool.h"
#include "mirror/task.h"
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"

struct works {
	struct pool *pool;
	struct tasks *tasks;
	atomic_ullong serial;
};

struct work_item {
	int (*fn)(void *arg, struct err *e);
	void *arg;
	void (*arg_free)(void *arg);
};

struct works *works_new(const char *name, unsigned threads, size_t most)
{
	struct works *ws = mem_alloc(sizeof(*ws));

	ws->pool = pool_new(name, threads, most);
	ws->tasks = tasks_new(ws->pool, most);
	return ws;
}

void works_stop(struct works *ws)
{
	if (ws == NULL)
		return;
	pool_stop(ws->pool);
	tasks_free(ws->tasks);
	free(ws);
}

void work_aside(struct works *ws, void (*fn)(void *arg), void *arg)
{
	pool_submit(ws->pool, fn, arg, NULL);
}

static void run(struct task *t, void *arg, struct task_result *out)
{
	struct work_item *item = arg;

	out->rc = item->fn(item->arg, &out->err);
}

static void item_free(void *arg)
{
	struct work_item *item = arg;

	item->arg_free(item->arg);
	free(item);
}

enum MHD_Result work_start(struct request *rq, int (*fn)(void *arg, struct err *e),
			   void *arg, void (*arg_free)(void *arg))
{
	return work_start_on(rq->server->works, rq, fn, arg, arg_free);
}

enum MHD_Result work_start_on(struct works *ws, struct request *rq,
			      int (*fn)(void *arg, struct err *e), void *arg,
			      void (*arg_free)(void *arg))
{
	struct work_item *item = mem_alloc(sizeof(*item));
	struct task *t;
	char key[24];
	bool started;
	struct err e;

	*item = (struct work_item){ fn, arg, arg_free };
	snprintf(key, sizeof(key), "%llu", atomic_fetch_add(&ws->serial, 1));
	t = tasks_start(ws->tasks, key, run, item, item_free, &started, &e);
	if (t == NULL)
		return reply_err(rq, &e, OCIERR_UNKNOWN, OCIERR_UNKNOWN);
	task_unref(rq->visit.task);
	rq->visit.task = t;
	rq->visit.bell = task_bell(t);
	rq->visit.seen = bell_count(rq->visit.bell);
	if (task_result(t) != NULL)
		rq->visit.seen = UINT64_MAX; /* done already: not to be waited for */
	return park_visit(rq);
}

enum work_state work_look(struct request *rq, struct err *e)
{
	const struct task_result *result;
	struct task *t = rq->visit.task;

	if (t == NULL)
		return WORK_NONE;
	rq->visit.seen = bell_count(rq->visit.bell);
	result = task_result(t);
	if (result == NULL) {
		park_visit(rq);
		return WORK_PARKED;
	}
	if (result->rc == 0)
		return WORK_DONE;
	*e = result->err;
	return WORK_FAILED;
}

void *work_arg(struct request *rq)
{
	struct work_item *item = task_arg(rq->visit.task);

	return item->arg;
}

enum MHD_Result work_run(struct request *rq, enum MHD_Result (*start)(struct request *rq),
			 enum MHD_Result (*answer)(struct request *rq, void *arg),
			 enum ocierr_code invalid)
{
	struct err e;

	switch (work_look(rq, &e)) {
	case WORK_PARKED:
		return MHD_YES;
	case WORK_NONE:
		return start(rq);
	case WORK_DONE:
		return answer(rq, work_arg(rq));
	default:
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, invalid);
	}
}
