/* The bell: nobody misses a ring, nobody is woken twice. */
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/bell.h"

static void count_up(void *arg)
{
	++*(int *)arg;
}

static void rings_wake_once(void **state)
{
	struct bell b;
	int woken = 0, other = 0;
	struct waiter w = { count_up, &woken, NULL }, w2 = { count_up, &other, NULL };
	uint64_t seen;

	bell_init(&b);
	bell_ring(&b); /* nobody listens */
	seen = bell_count(&b);
	assert_int_equal(seen, 1);
	assert_true(bell_wait(&b, seen, &w));
	assert_true(bell_wait(&b, seen, &w2));
	assert_int_equal(woken, 0);
	bell_ring(&b);
	bell_ring(&b);
	assert_int_equal(woken, 1);
	assert_int_equal(other, 1);
	bell_done(&b);
}

static void rung_since_means_look_again(void **state)
{
	struct bell b;
	int woken = 0, other = 0;
	struct waiter w = { count_up, &woken, NULL }, w2 = { count_up, &other, NULL };
	uint64_t seen;

	bell_init(&b);
	seen = bell_count(&b);
	assert_true(bell_wait(&b, seen, &w2));
	bell_ring(&b);
	assert_false(bell_wait(&b, seen, &w));
	bell_ring(&b);
	assert_int_equal(woken, 0);
	assert_int_equal(other, 1);
	bell_done(&b);
}

/* One thread moves a number and rings; others follow it to the end without polling. */
enum { STEPS = 20000, FOLLOWERS = 4 };

static struct bell race;
static atomic_int position;

static void cancelled_is_not_woken(void **state)
{
	unsigned n[3] = { 0 };
	struct waiter w[3];
	struct bell b;
	size_t i;

	bell_init(&b);
	for (i = 0; i < 3; i++) {
		w[i] = (struct waiter){ .wake = count_up, .arg = &n[i] };
		assert_true(bell_wait(&b, bell_count(&b), &w[i]));
	}
	assert_true(bell_cancel(&b, &w[1])); /* from the middle */
	assert_false(bell_cancel(&b, &w[1]));
	assert_true(bell_cancel(&b, &w[2])); /* the first in the list */
	bell_ring(&b);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1] + n[2], 0);
	assert_false(bell_cancel(&b, &w[0])); /* has been woken */
	bell_done(&b);
}

static void post(void *arg)
{
	sem_post(arg);
}

static void *follow(void *arg)
{
	sem_t woken;
	struct waiter w = { post, &woken, NULL };

	sem_init(&woken, 0, 0);
	for (;;) {
		uint64_t seen = bell_count(&race);

		if (atomic_load(&position) == STEPS)
			break;
		if (bell_wait(&race, seen, &w))
			sem_wait(&woken);
	}
	sem_destroy(&woken);
	return NULL;
}

static void no_ring_is_missed(void **state)
{
	pthread_t t[FOLLOWERS];
	int i;

	bell_init(&race);
	for (i = 0; i < FOLLOWERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, follow, NULL), 0);
	for (i = 1; i <= STEPS; i++) {
		atomic_store(&position, i);
		bell_ring(&race);
	}
	for (i = 0; i < FOLLOWERS; i++)
		pthread_join(t[i], NULL); /* a missed ring would hang here */
	assert_int_equal(bell_count(&race), STEPS);
	bell_done(&race);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_wake_once),
		cmocka_unit_test(rung_since_means_look_again),
		cmocka_unit_test(cancelled_is_not_woken),
		cmocka_unit_test(no_ring_is_missed),
	};

	return cmocka_run_group_tests_name("base/bell", tests, NULL, NULL);
}
