/* Alarms: due ones in order, those left over at the stop, and the limit. */
#include "unit.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "base/alarm.h"
#include "base/clock.h"

static sem_t rung;
static int order[4];
static atomic_int calls;

static void note(void *arg)
{
	int n = atomic_fetch_add(&calls, 1);

	if (n < 4)
		order[n] = (int)(intptr_t)arg;
	sem_post(&rung);
}

static int begin(void **state)
{
	sem_init(&rung, 0, 0);
	atomic_store(&calls, 0);
	return 0;
}

static void in_order_and_not_early(void **state)
{
	struct alarms *a = alarms_new();
	int64_t now = clock_mono_ms();

	assert_true(alarms_set(a, now + 60, note, (void *)3));
	assert_true(alarms_set(a, now + 30, note, (void *)2));
	assert_true(alarms_set(a, now - 5, note, (void *)1));
	sem_wait(&rung);
	sem_wait(&rung);
	assert_true(clock_mono_ms() >= now + 30);
	sem_wait(&rung);
	assert_true(clock_mono_ms() >= now + 60);
	alarms_stop(a);
	assert_int_equal(calls, 3);
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 3);
}

static void stopping_calls_the_rest(void **state)
{
	struct alarms *a = alarms_new();
	int64_t far = clock_mono_ms() + INT64_C(3600000);

	assert_true(alarms_set(a, far, note, NULL));
	assert_true(alarms_set(a, far + 1, note, NULL));
	alarms_stop(a);
	assert_int_equal(calls, 2);
}

static void limit(void **state)
{
	struct alarms *a = alarms_new();
	int64_t far = clock_mono_ms() + INT64_C(3600000);
	int i;

	for (i = 0; i < ALARM_LIMIT; i++)
		assert_true(alarms_set(a, far + i, note, NULL));
	assert_false(alarms_set(a, far, note, NULL));
	alarms_stop(a);
	assert_int_equal(calls, ALARM_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(in_order_and_not_early, begin),
		cmocka_unit_test_setup(stopping_calls_the_rest, begin),
		cmocka_unit_test_setup(limit, begin),
	};

	return cmocka_run_group_tests_name("base/alarm", tests, NULL, NULL);
}
