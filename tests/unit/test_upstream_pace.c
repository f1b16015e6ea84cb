/* The least rate of a body: span by span. */
#include "unit.h"

#include "upstream/pace.h"
#include "upstream/upstream.h"

#define ENOUGH (30 * (uint64_t)UPSTREAM_LEAST_BYTES)

static void a_span_is_judged_at_its_end(void **state)
{
	struct pace p = { 0 };

	pace_begin(&p, 30000, 1000);
	assert_int_equal(pace_end(&p), 31000);
	assert_false(pace_is_slow(&p, 0, 30999));
	assert_true(pace_is_slow(&p, ENOUGH - 1, 31000));
	assert_false(pace_is_slow(&p, ENOUGH, 31000));
}

static void a_burst_does_not_pay_for_what_comes_after(void **state)
{
	struct pace p = { 0 };

	pace_begin(&p, 30000, 0);
	assert_false(pace_is_slow(&p, 1 << 30, 30500));
	assert_int_equal(pace_end(&p), 60500);
	assert_true(pace_is_slow(&p, (1 << 30) + ENOUGH - 1, 60500));
}

static void our_own_time_does_not_count(void **state)
{
	struct pace p = { 0 };

	pace_begin(&p, 30000, 0);
	pace_forgive(&p, 5000);
	assert_false(pace_is_slow(&p, 1, 30000));
	assert_true(pace_is_slow(&p, 1, 35000));
}

static void any_pace_will_do(void **state)
{
	struct pace p = { 0 };

	pace_begin(&p, 0, 0);
	assert_int_equal(pace_end(&p), INT64_MAX);
	assert_false(pace_is_slow(&p, 0, INT64_MAX - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_judged_at_its_end),
		cmocka_unit_test(a_burst_does_not_pay_for_what_comes_after),
		cmocka_unit_test(our_own_time_does_not_count),
		cmocka_unit_test(any_pace_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
