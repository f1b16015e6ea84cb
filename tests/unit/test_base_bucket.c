/* A rate: the burst, what comes back by time, what is kept for others, debts, threads. */
#include "unit.h"

#include <pthread.h>

#include "base/bucket.h"

static const struct bucket_rate rate = { .per_s = 10, .burst = 5 };

static int take_all(struct bucket *b, unsigned keep, int64_t now_ms)
{
	int n = 0;

	while (bucket_take(b, rate, keep, now_ms))
		n++;
	return n;
}

static void burst_then_rate(void **state)
{
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, 0, 1000000), 5);
	assert_int_equal(take_all(&b, 0, 1000099), 0);
	assert_int_equal(take_all(&b, 0, 1000100), 1);
	assert_int_equal(take_all(&b, 0, 1000350), 2);
	assert_int_equal(take_all(&b, 0, 1000399), 0);
	assert_int_equal(take_all(&b, 0, 1000400), 1);
}

static void never_fuller_than_full(void **state)
{
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, 0, 1000), 5);
	assert_int_equal(take_all(&b, 0, 1000000000), 5);
}

static void what_is_kept(void **state)
{
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, 3, 1000), 2);
	assert_int_equal(take_all(&b, 0, 1000), 3);
	assert_int_equal(take_all(&b, 3, 1300), 0);
	assert_int_equal(take_all(&b, 3, 1400), 1);
}

static void a_debt_is_paid_by_time(void **state)
{
	struct bucket b = { 0 };
	int i;

	assert_int_equal(take_all(&b, 0, 1000), 5);
	for (i = 0; i < 3; i++)
		bucket_owe(&b, rate, 1000);
	assert_int_equal(take_all(&b, 0, 1399), 0);
	assert_int_equal(take_all(&b, 0, 1400), 1);
}

static struct bucket shared;

static void *take(void *arg)
{
	return (void *)(intptr_t)take_all(&shared, 0, 1000);
}

static void threads_do_not_take_more(void **state)
{
	pthread_t t[8];
	void *n;
	intptr_t sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take, NULL), 0);
	for (i = 0; i < 8; i++) {
		pthread_join(t[i], &n);
		sum += (intptr_t)n;
	}
	assert_int_equal(sum, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_rate),
		cmocka_unit_test(never_fuller_than_full),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(a_debt_is_paid_by_time),
		cmocka_unit_test(threads_do_not_take_more),
	};

	return cmocka_run_group_tests_name("base/bucket", tests, NULL, NULL);
}
