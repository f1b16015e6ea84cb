/* Lanes: what one may have, what is left for others, turns, limits, and the end. */
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/lanes.h"

#define MAX 8 /* threads; a quarter is 2 */

static sem_t entered, gate;
static atomic_int ran, running, most;
static char order[64];

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

/* Where one runs at a time. */
static void note(void *arg)
{
	order[atomic_load(&ran)] = (char)(intptr_t)arg;
	atomic_fetch_add(&ran, 1);
}

static sem_t other_gate;

static void wait_at_other_gate(void *arg)
{
	sem_post(&entered);
	sem_wait(&other_gate);
}

static int begin(void **state)
{
	sem_init(&entered, 0, 0);
	sem_init(&gate, 0, 0);
	sem_init(&other_gate, 0, 0);
	atomic_store(&ran, 0);
	atomic_store(&running, 0);
	atomic_store(&most, 0);
	memset(order, 0, sizeof(order));
	*state = lanes_new("test", MAX, 20);
	return 0;
}

static void hang(struct lanes *l, const char *lane, int n)
{
	while (n-- > 0)
		assert_int_equal(lanes_submit(l, lane, wait_at_gate, NULL, NULL), 0);
}

static void await(int n)
{
	while (n-- > 0)
		sem_wait(&entered);
}

static void open_gate(int n)
{
	while (n-- > 0)
		sem_post(&gate);
}

static void one_alone_has_all_threads(void **state)
{
	hang(*state, "a", 20);
	await(MAX);
	open_gate(20);
	lanes_stop(*state);
	assert_int_equal(ran, 20);
	assert_int_equal(most, MAX);
}

static void one_that_hangs_leaves_the_others_theirs(void **state)
{
	struct lanes *l = *state;

	hang(l, "a", 20);
	await(MAX);
	hang(l, "b", 5);
	hang(l, "c", 5);
	await(2 + 2);
	open_gate(30);
	lanes_stop(l);
	assert_int_equal(ran, 30);
	assert_int_equal(most, MAX + 4);
}

/* However many lanes there are. */
static void threads_have_a_limit(void **state)
{
	struct lanes *l = *state;
	char name[8];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "%d", i);
		hang(l, name, 2);
	}
	await(LANES_MOST * MAX);
	open_gate(80);
	lanes_stop(l);
	assert_int_equal(ran, 80);
	assert_int_equal(most, LANES_MOST * MAX);
}

/* One thread, its lane's own: first come, first served. */
static void a_lane_keeps_order(void **state)
{
	struct lanes *l = lanes_new("one", 1, 20);
	int i;

	hang(l, "a", 1);
	await(1);
	for (i = 0; i < 10; i++)
		lanes_submit(l, "a", note, (void *)(intptr_t)('0' + i), NULL);
	open_gate(1);
	lanes_stop(l);
	assert_string_equal(order + 1, "0123456789");
	lanes_stop(*state);
}

/* What is beyond all lanes' own threads goes by turns: one shared thread here. */
static void lanes_take_turns(void **state)
{
	struct lanes *l = lanes_new("two", 2, 20);
	int i;

	hang(l, "a", 2); /* its own, and the shared one */
	assert_int_equal(lanes_submit(l, "b", wait_at_other_gate, NULL, NULL), 0);
	await(3);
	for (i = 0; i < 3; i++)
		lanes_submit(l, "a", note, (void *)(intptr_t)'a', NULL);
	for (i = 0; i < 3; i++)
		lanes_submit(l, "b", note, (void *)(intptr_t)'b', NULL);
	open_gate(1);
	while (atomic_load(&ran) < 1 + 6)
		;
	assert_string_equal(order + 1, "ababab");
	open_gate(1);
	sem_post(&other_gate);
	lanes_stop(l);
	lanes_stop(*state);
}

static void queues_have_a_limit_each(void **state)
{
	struct lanes *l = *state;
	struct err e = { 0 };

	hang(l, "a", MAX);
	await(MAX);
	hang(l, "a", 20);
	assert_err(lanes_submit(l, "a", wait_at_gate, NULL, &e), e, ERR_BUSY);
	hang(l, "b", 2 + 20);
	assert_err(lanes_submit(l, "b", wait_at_gate, NULL, &e), e, ERR_BUSY);
	open_gate(MAX + 42);
	lanes_stop(l);
	assert_int_equal(ran, MAX + 42);
}

/* Threads that a lane no longer needs are there for others. */
static void what_is_given_back_is_taken(void **state)
{
	struct lanes *l = *state;

	hang(l, "a", MAX);
	await(MAX);
	open_gate(MAX);
	while (atomic_load(&ran) < MAX)
		;
	hang(l, "b", MAX);
	await(MAX);
	open_gate(MAX);
	lanes_stop(l);
	assert_int_equal(most, MAX);
}

static void *stop(void *arg)
{
	lanes_stop(arg);
	return NULL;
}

static void count_only(void *arg)
{
	atomic_fetch_add(&ran, 1);
}

static atomic_int taken, refused;

static void submit_until_stopped(void *arg)
{
	struct err e = { 0 };

	sem_post(&entered);
	for (;;)
		if (lanes_submit(arg, "b", count_only, NULL, &e) == 0)
			atomic_fetch_add(&taken, 1);
		else if (e.kind != ERR_BUSY)
			break;
	atomic_store(&refused, (int)e.kind);
}

static void stopping_refuses_and_drains(void **state)
{
	struct lanes *l = lanes_new("one", 1, 4);
	pthread_t t;

	atomic_store(&taken, 0);
	atomic_store(&refused, 0);
	assert_int_equal(lanes_submit(l, "a", submit_until_stopped, l, NULL), 0);
	await(1);
	assert_int_equal(pthread_create(&t, NULL, stop, l), 0);
	pthread_join(t, NULL);
	assert_int_equal(refused, ERR_CANCELLED);
	assert_int_equal(ran, taken);
	lanes_stop(*state);
}

static struct lanes *many;

static void *count_many(void *arg)
{
	char name[8];
	int i;

	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i % 7);
		while (lanes_submit(many, name, count_only, NULL, NULL) != 0)
			;
	}
	return NULL;
}

static void many_threads_give_work(void **state)
{
	pthread_t t[8];
	size_t i;

	many = *state;
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count_many, NULL), 0);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	lanes_stop(many);
	assert_int_equal(ran, 16000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_alone_has_all_threads, begin),
		cmocka_unit_test_setup(one_that_hangs_leaves_the_others_theirs, begin),
		cmocka_unit_test_setup(threads_have_a_limit, begin),
		cmocka_unit_test_setup(a_lane_keeps_order, begin),
		cmocka_unit_test_setup(lanes_take_turns, begin),
		cmocka_unit_test_setup(queues_have_a_limit_each, begin),
		cmocka_unit_test_setup(what_is_given_back_is_taken, begin),
		cmocka_unit_test_setup(stopping_refuses_and_drains, begin),
		cmocka_unit_test_setup(many_threads_give_work, begin),
	};

	return cmocka_run_group_tests_name("base/lanes", tests, NULL, NULL);
}
