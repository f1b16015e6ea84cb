/* Tasks: one run for all who ask, failures that linger, limits, and ends. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/task.h"

/* What a task of these tests works on: it waits for `go`, then leaves `result`. */
struct job {
	sem_t go, begun;
	struct task_result result;
	atomic_int runs;
	atomic_int freed; /* calls of arg_free */
	struct tasks *ts; /* not NULL: arg_free looks into the table */
};

struct bench {
	struct pool *pool;
	struct tasks *ts;
	struct job job;
};

static int begin(void **state)
{
	struct bench *b = mem_alloc(sizeof(*b));

	b->pool = pool_new("test", 4, 8);
	b->ts = tasks_new(b->pool, 4);
	sem_init(&b->job.go, 0, 0);
	sem_init(&b->job.begun, 0, 0);
	*state = b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;

	pool_stop(b->pool);
	tasks_free(b->ts);
	free(b);
	return 0;
}

static void work(struct task *t, void *arg, struct task_result *out)
{
	struct job *j = arg;

	assert_ptr_equal(task_arg(t), arg);
	atomic_fetch_add(&j->runs, 1);
	sem_post(&j->begun);
	while (sem_wait(&j->go) != 0)
		;
	*out = j->result;
}

static void job_freed(void *arg)
{
	struct job *j = arg;

	if (j->ts != NULL)
		task_unref(tasks_find(j->ts, "another key"));
	atomic_fetch_add(&j->freed, 1);
}

static struct task *start(struct bench *b, const char *key, bool *started, struct err *e)
{
	return tasks_start(b->ts, key, work, &b->job, job_freed, started, e);
}

static void ring(void *arg)
{
	sem_post(arg);
}

/* Blocks until the task is done. */
static const struct task_result *wait_done(struct task *t)
{
	struct waiter w;
	sem_t rung;

	sem_init(&rung, 0, 0);
	for (;;) {
		uint64_t seen = bell_count(task_bell(t));
		const struct task_result *result = task_result(t);

		if (result != NULL)
			return result;
		w = (struct waiter){ .wake = ring, .arg = &rung };
		if (bell_wait(task_bell(t), seen, &w))
			while (sem_wait(&rung) != 0)
				;
	}
}

static void one_run_for_all_who_ask(void **state)
{
	struct bench *b = *state;
	struct task *first, *t;
	struct err e = { 0 };
	bool started;
	int i;

	first = start(b, "key", &started, &e);
	assert_non_null(first);
	assert_true(started);
	assert_null(task_result(first));
	assert_true(task_started_ms(first) <= clock_mono_ms());
	for (i = 0; i < 100; i++) {
		t = start(b, "key", &started, &e);
		assert_ptr_equal(t, first);
		assert_false(started);
		task_unref(t);
	}
	assert_int_equal(atomic_load(&b->job.freed), 100); /* those not taken */
	t = tasks_find(b->ts, "key");
	assert_ptr_equal(t, first);
	task_unref(t);
	assert_null(tasks_find(b->ts, "other"));
	sem_post(&b->job.go);
	assert_int_equal(wait_done(first)->rc, 0);
	assert_int_equal(atomic_load(&b->job.runs), 1);
	assert_null(tasks_find(b->ts, "key")); /* a success does not linger by itself */
	task_unref(first);
}

static void a_failure_lingers(void **state)
{
	struct bench *b = *state;
	struct err e = { 0 };
	struct task *t, *again;
	bool started;

	b->job.result.rc = err_set(&b->job.result.err, ERR_UPSTREAM, "it is down");
	b->job.result.linger_ms = 60000;
	t = start(b, "key", &started, &e);
	sem_post(&b->job.go);
	assert_string_equal(wait_done(t)->err.msg, "it is down");
	again = start(b, "key", &started, &e);
	assert_ptr_equal(again, t);
	assert_false(started);
	assert_int_equal(task_result(again)->err.kind, ERR_UPSTREAM);
	assert_int_equal(atomic_load(&b->job.runs), 1);
	tasks_forget(b->ts, t);
	tasks_forget(b->ts, t); /* twice is once */
	assert_null(tasks_find(b->ts, "key"));
	b->job.result.linger_ms = 0;
	task_unref(again);
	again = start(b, "key", &started, &e);
	assert_true(started);
	tasks_forget(b->ts, t); /* the old one; the new one stays */
	task_unref(t);
	t = tasks_find(b->ts, "key");
	assert_ptr_equal(t, again);
	task_unref(t);
	sem_post(&b->job.go);
	wait_done(again);
	task_unref(again);
}

static void lingering_ends(void **state)
{
	struct bench *b = *state;
	struct task *t, *again;
	struct err e = { 0 };
	bool started;
	int64_t done_ms;

	b->job.result.rc = -1;
	b->job.result.linger_ms = 30;
	t = start(b, "key", &started, &e);
	sem_post(&b->job.go);
	wait_done(t);
	done_ms = clock_mono_ms();
	while ((again = tasks_find(b->ts, "key")) != NULL) {
		task_unref(again);
		usleep(1000);
	}
	assert_true(clock_mono_ms() - done_ms >= 25);
	task_unref(t);
}

static char clock_file[] = "/tmp/larder-task-clock-XXXXXX";

static void turn_clock(const char *ms)
{
	FILE *f = fopen(clock_file, "w");

	assert_non_null(f);
	assert_true(fputs(ms, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The test clock moves what is remembered, so that simulated time is consistent. */
static void lingering_ends_by_the_test_clock(void **state)
{
	struct bench *b = *state;
	struct task *t, *again;
	struct err e = { 0 };
	bool started;

	b->job.result.rc = -1;
	b->job.result.linger_ms = 3600000;
	t = start(b, "key", &started, &e);
	sem_post(&b->job.go);
	wait_done(t);
	turn_clock("3000000");
	again = tasks_find(b->ts, "key");
	assert_ptr_equal(again, t);
	task_unref(again);
	turn_clock("3600000");
	assert_null(tasks_find(b->ts, "key"));
	task_unref(t);
	turn_clock("0");
}

/* Nobody asks for it again: what it holds (files, memory) is released all the same. */
static void what_is_over_is_released(void **state)
{
	struct bench *b = *state;
	struct err e = { 0 };
	struct task *t;
	bool started;
	int i;

	b->job.result.rc = -1;
	b->job.result.linger_ms = 1;
	b->job.ts = b->ts; /* arg_free may use the table: no lock is held */
	t = start(b, "key", &started, &e);
	sem_post(&b->job.go);
	wait_done(t);
	task_unref(t);
	for (i = 0; i < 5000 && atomic_load(&b->job.freed) == 0; i++) {
		assert_null(tasks_find(b->ts, "other"));
		usleep(1000);
	}
	assert_int_equal(atomic_load(&b->job.freed), 1);
}

static void limit_of_the_table(void **state)
{
	struct bench *b = *state;
	static const char *const keys[] = { "1", "2", "3", "4" };
	struct task *t[4], *none;
	struct err e = { 0 };
	bool started;
	int i;

	for (i = 0; i < 4; i++)
		assert_non_null(t[i] = start(b, keys[i], &started, &e));
	none = start(b, "5", &started, &e);
	assert_null_err(none, e, ERR_BUSY);
	assert_int_equal(atomic_load(&b->job.freed), 1);
	none = start(b, "4", &started, &e); /* joining is no new one */
	assert_ptr_equal(none, t[3]);
	task_unref(none);
	for (i = 0; i < 4; i++)
		sem_post(&b->job.go);
	for (i = 0; i < 4; i++) {
		wait_done(t[i]);
		task_unref(t[i]);
	}
	b->job.result.rc = -1;
	b->job.result.linger_ms = 60000; /* those that linger make room */
	for (i = 0; i < 4; i++) {
		assert_non_null(t[i] = start(b, keys[i], &started, &e));
		sem_post(&b->job.go);
		wait_done(t[i]);
		task_unref(t[i]);
	}
	b->job.result.linger_ms = 0;
	b->job.ts = b->ts;
	assert_non_null(t[0] = start(b, "5", &started, &e));
	sem_post(&b->job.go);
	wait_done(t[0]);
	task_unref(t[0]);
}

/* A pool that takes nothing more. */
static void failure_while_starting(void **state)
{
	struct bench *b = *state;
	struct pool *pool = pool_new("tiny", 1, 1);
	struct tasks *ts = tasks_new(pool, 100);
	struct task *running, *queued;
	struct err e = { 0 };
	bool started;

	running = tasks_start(ts, "1", work, &b->job, job_freed, &started, &e);
	assert_non_null(running);
	sem_wait(&b->job.begun);
	queued = tasks_start(ts, "2", work, &b->job, job_freed, &started, &e);
	assert_non_null(queued);
	b->job.ts = ts;
	assert_null_err(tasks_start(ts, "3", work, &b->job, job_freed, &started, &e), e,
			ERR_BUSY);
	b->job.ts = NULL;
	assert_int_equal(atomic_load(&b->job.freed), 1);
	assert_null(tasks_find(ts, "3")); /* as if never asked */
	sem_post(&b->job.go);
	sem_post(&b->job.go);
	wait_done(running);
	wait_done(queued);
	task_unref(running);
	task_unref(queued);
	pool_stop(pool);
	tasks_free(ts);
	assert_int_equal(atomic_load(&b->job.freed), 3);
}

static void work_at_once(struct task *t, void *arg, struct task_result *out)
{
	out->rc = 0;
}

/* Work of one lane hangs in all threads: another's is done. */
static void lanes_do_not_wait_for_each_other(void **state)
{
	struct bench *b = *state;
	struct lanes *lanes = lanes_new("test", 1, 2);
	struct tasks *ts = tasks_new_in(lanes, 10);
	struct task *t[3], *other;
	struct err e = { 0 };
	bool started;
	int i;

	for (i = 0; i < 3; i++) {
		char key[] = { (char)('0' + i), '\0' };

		t[i] = tasks_start_in(ts, "slow", key, work, &b->job, job_freed, &started,
				      &e);
		assert_non_null(t[i]);
	}
	sem_wait(&b->job.begun);
	assert_null_err(
		tasks_start_in(ts, "slow", "3", work, &b->job, job_freed, &started, &e),
		e, ERR_BUSY);
	other = tasks_start_in(ts, "quick", "4", work_at_once, &b->job, job_freed,
			       &started, &e);
	assert_non_null(other);
	assert_int_equal(wait_done(other)->rc, 0);
	task_unref(other);
	for (i = 0; i < 3; i++)
		sem_post(&b->job.go);
	for (i = 0; i < 3; i++) {
		wait_done(t[i]);
		task_unref(t[i]);
	}
	lanes_stop(lanes);
	tasks_free(ts);
	assert_int_equal(atomic_load(&b->job.freed), 5);
}

static atomic_int values_freed;

static void value_freed(void *value)
{
	atomic_fetch_add(&values_freed, 1);
	free(value);
}

static void values_live_as_long_as_their_users(void **state)
{
	struct bench *b = *state;
	const struct task_result *result;
	struct task *t, *other;
	struct err e = { 0 };
	bool started;

	b->job.result.value = mem_dup("value");
	b->job.result.value_free = value_freed;
	t = start(b, "key", &started, &e);
	other = task_ref(t);
	sem_post(&b->job.go);
	result = wait_done(t);
	task_unref(t);
	assert_string_equal(result->value, "value");
	assert_int_equal(atomic_load(&values_freed), 0);
	pool_stop(b->pool); /* the work's own reference has gone then */
	b->pool = NULL;
	task_unref(other);
	assert_int_equal(atomic_load(&values_freed), 1);
	assert_int_equal(atomic_load(&b->job.freed), 1);
	task_unref(NULL);
	tasks_free(NULL);
}

/* Stopping with work queued: all of it runs, all of it is freed. */
static void stopping(void **state)
{
	struct bench *b = *state;
	struct err e = { 0 };
	bool started;
	int i;

	b->job.result.rc = -1;
	b->job.result.linger_ms = 60000;
	for (i = 0; i < 4; i++) {
		char key[2] = { (char)('a' + i), '\0' };

		sem_post(&b->job.go);
		task_unref(start(b, key, &started, &e));
	}
	pool_stop(b->pool);
	b->pool = NULL;
	assert_int_equal(atomic_load(&b->job.runs), 4);
	tasks_free(b->ts);
	b->ts = NULL;
	assert_int_equal(atomic_load(&b->job.freed), 4);
}

struct crowd {
	struct bench *b;
	atomic_int started;
};

static void *ask(void *arg)
{
	struct crowd *c = arg;
	struct err e = { 0 };
	bool started;
	struct task *t = start(c->b, "key", &started, &e);

	if (t != NULL) {
		if (started)
			atomic_fetch_add(&c->started, 1);
		wait_done(t);
		task_unref(t);
	}
	return NULL;
}

static void crowds(void **state)
{
	struct bench *b = *state;
	struct crowd c = { .b = b };
	pthread_t thread[8];
	int i;

	b->job.result.rc = -1;
	b->job.result.linger_ms = 60000;
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask, &c), 0);
	sem_post(&b->job.go);
	for (i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&c.started), 1);
	assert_int_equal(atomic_load(&b->job.runs), 1);
}

#define ON_A_BENCH(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(one_run_for_all_who_ask),
		ON_A_BENCH(a_failure_lingers),
		ON_A_BENCH(lingering_ends),
		ON_A_BENCH(lingering_ends_by_the_test_clock),
		ON_A_BENCH(what_is_over_is_released),
		ON_A_BENCH(limit_of_the_table),
		ON_A_BENCH(failure_while_starting),
		ON_A_BENCH(lanes_do_not_wait_for_each_other),
		ON_A_BENCH(values_live_as_long_as_their_users),
		ON_A_BENCH(stopping),
		ON_A_BENCH(crowds),
	};

	int fd = mkstemp(clock_file), failed;

	if (fd < 0 || close(fd) != 0 ||
	    setenv("LARDER_TEST_CLOCK_FILE", clock_file, 1) != 0)
		return 1;
	failed = cmocka_run_group_tests_name("mirror/task", tests, NULL, NULL);
	unlink(clock_file);
	return failed;
}
