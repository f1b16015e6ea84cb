/* The pool: order, both limits, and what happens to work when it stops. */
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/pool.h"

static sem_t entered, gate;
static atomic_int ran, running, most;
static int order[16];

static void note(void *arg)
{
	order[atomic_fetch_add(&ran, 1)] = (int)(intptr_t)arg;
}

static void wait_at_gate(void *arg)
{
	int now = atomic_fetch_add(&running, 1) + 1;

	if (now > atomic_load(&most))
		atomic_store(&most, now);
	sem_post(&entered);
	sem_wait(&gate);
	atomic_fetch_sub(&running, 1);
	atomic_fetch_add(&ran, 1);
}

static int begin(void **state)
{
	sem_init(&entered, 0, 0);
	sem_init(&gate, 0, 0);
	atomic_store(&ran, 0);
	atomic_store(&running, 0);
	atomic_store(&most, 0);
	return 0;
}

static void one_thread_keeps_order(void **state)
{
	struct pool *p = pool_new("test", 1, 16);
	int i;

	for (i = 0; i < 10; i++)
		assert_int_equal(pool_submit(p, note, (void *)(intptr_t)i, NULL), 0);
	pool_stop(p);
	assert_int_equal(ran, 10);
	for (i = 0; i < 10; i++)
		assert_int_equal(order[i], i);
}

static void queue_has_a_limit(void **state)
{
	struct pool *p = pool_new("test", 1, 2);
	struct err e = { 0 };

	assert_int_equal(pool_submit(p, wait_at_gate, NULL, &e), 0);
	sem_wait(&entered); /* taken from the queue */
	assert_int_equal(pool_submit(p, wait_at_gate, NULL, &e), 0);
	assert_int_equal(pool_submit(p, wait_at_gate, NULL, &e), 0);
	assert_err(pool_submit(p, wait_at_gate, NULL, &e), e, ERR_BUSY);
	sem_post(&gate);
	sem_wait(&entered);
	assert_int_equal(pool_submit(p, wait_at_gate, NULL, &e), 0);
	sem_post(&gate);
	sem_post(&gate);
	sem_post(&gate);
	pool_stop(p);
	assert_int_equal(ran, 4);
	assert_int_equal(most, 1);
}

static void threads_up_to_the_limit(void **state)
{
	struct pool *p = pool_new("test", 3, 100);
	int i;

	for (i = 0; i < 10; i++)
		assert_int_equal(pool_submit(p, wait_at_gate, NULL, NULL), 0);
	for (i = 0; i < 3; i++)
		sem_wait(&entered); /* three at once, or this hangs */
	for (i = 0; i < 10; i++)
		sem_post(&gate);
	pool_stop(p);
	assert_int_equal(ran, 10);
	assert_int_equal(most, 3);
}

static void submit_until_refused(void *arg)
{
	struct err e = { 0 };

	sem_post(&entered);
	sem_wait(&gate);
	while (pool_submit(arg, note, NULL, &e) == 0 || e.kind == ERR_BUSY)
		;
	order[0] = (int)e.kind;
}

static void *stop(void *arg)
{
	pool_stop(arg);
	return NULL;
}

static void stopping_refuses_and_drains(void **state)
{
	struct pool *p = pool_new("test", 1, 4);
	pthread_t t;

	assert_int_equal(pool_submit(p, submit_until_refused, p, NULL), 0);
	sem_wait(&entered);
	assert_int_equal(pthread_create(&t, NULL, stop, p), 0);
	sem_post(&gate);
	pthread_join(t, NULL);
	assert_true(ran <= 4); /* what was accepted ran before pool_stop returned */
}

static void stopping_says_so(void **state)
{
	struct pool *p = pool_new("test", 1, 0);
	pthread_t t;

	pool_stop(NULL);
	pool_stop(p);
	p = pool_new("test", 1, 1);
	assert_int_equal(pool_submit(p, submit_until_refused, p, NULL), 0);
	sem_wait(&entered);
	assert_int_equal(pool_submit(p, wait_at_gate, NULL, NULL),
			 0); /* fills the queue */
	assert_int_equal(pthread_create(&t, NULL, stop, p), 0);
	sem_post(&gate);
	sem_post(&gate);
	pthread_join(t, NULL);
	assert_int_equal(order[0], ERR_CANCELLED);
	assert_int_equal(ran, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_thread_keeps_order, begin),
		cmocka_unit_test_setup(queue_has_a_limit, begin),
		cmocka_unit_test_setup(threads_up_to_the_limit, begin),
		cmocka_unit_test_setup(stopping_refuses_and_drains, begin),
		cmocka_unit_test_setup(stopping_says_so, begin),
	};

	return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
