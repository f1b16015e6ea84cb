/* Pulls age out one slot at a time, and a clock that jumps loses none of them. */
#include "unit.h"

#include "upstream/spent.h"

#define WINDOW 3600000 /* so that a slot is ten seconds */
#define SLOT 10000
#define T0 (1000000 * (int64_t)SLOT)

static struct spent s;

static int fresh(void **state)
{
	spent_init(&s, WINDOW);
	return 0;
}

static int64_t sum(int64_t now)
{
	return spent_sum(&s, now, now);
}

static void they_age_out(void **state)
{
	assert_int_equal(sum(T0), 0);
	assert_int_equal(spent_back(&s, T0), 0);
	spent_add(&s, T0 + 5, T0 + 5, 2, true);
	spent_add(&s, T0 + SLOT, T0 + SLOT, 3, true);
	assert_int_equal(sum(T0 + SLOT), 5);
	/* Not before they are as old as the window, and at most a slot later. */
	assert_int_equal(sum(T0 + 5 + WINDOW), 5);
	assert_int_equal(spent_back(&s, T0 + 5 + WINDOW), T0 + WINDOW + SLOT);
	assert_int_equal(sum(T0 + WINDOW + SLOT), 3);
	assert_int_equal(spent_back(&s, T0 + WINDOW + SLOT), T0 + WINDOW + 2 * SLOT);
	assert_int_equal(sum(T0 + WINDOW + 2 * SLOT), 0);
	assert_int_equal(spent_back(&s, T0 + WINDOW + 2 * SLOT), 0);
}

static void only_until_a_time(void **state)
{
	spent_add(&s, T0, T0, 1, false);
	spent_add(&s, T0 + 3 * SLOT, T0 + 3 * SLOT, 1, false);
	assert_int_equal(spent_sum(&s, T0 + 3 * SLOT, T0 + SLOT), 1);
	assert_int_equal(spent_sum(&s, T0 + 3 * SLOT, INT64_MAX), 2);
}

static void slots_are_used_again(void **state)
{
	int64_t now = T0;
	int i;

	for (i = 0; i < 3 * SPENT_SLOTS; i++, now += SLOT)
		spent_add(&s, now, now, 1, false);
	assert_int_equal(sum(now - SLOT), SPENT_SLOTS);
	/* What is older than the window when it is told of does not count. */
	spent_add(&s, now - SLOT - WINDOW - SLOT, now - SLOT, 7, false);
	assert_int_equal(sum(now - SLOT), SPENT_SLOTS);
}

static void a_clock_set_back_loses_none(void **state)
{
	struct upstream_spent out[8];
	int64_t far = T0 + 10 * (int64_t)SPENT_SLOTS * SLOT;

	spent_add(&s, far, far, 2, true);
	spent_add(&s, far + SLOT, far + SLOT, 3, true);
	assert_int_equal(sum(T0), 5);
	assert_int_equal(spent_back(&s, T0), T0 + WINDOW + SLOT);
	assert_int_equal(spent_take(&s, T0, out, 8), 1);
	assert_int_equal(out[0].slot_wall_ms, T0);
	assert_int_equal(out[0].n, 5);
	/* Told of a pull to come: it is of now. */
	spent_add(&s, T0 + WINDOW, T0, 1, false);
	assert_int_equal(spent_back(&s, T0), T0 + WINDOW + SLOT);
	assert_int_equal(sum(T0 + WINDOW + SLOT), 0);
	/* A clock before 1970 is none, and harms nothing. */
	spent_init(&s, WINDOW);
	spent_add(&s, -5, -5, 1, false);
	assert_int_equal(sum(-5), 1);
}

static void another_window(void **state)
{
	spent_add(&s, T0, T0, 4, true);
	spent_add(&s, T0 - WINDOW / 2, T0, 5, false);
	spent_set_window(&s, WINDOW / 4, T0);
	assert_int_equal(sum(T0), 4);
	spent_set_window(&s, 1000, T0);
	spent_add(&s, T0 + 100, T0 + 100, 1, false);
	assert_int_equal(sum(T0 + 100), 5);
	assert_int_equal(sum(T0 + 1200), 0);
	spent_set_window(&s, 1, T0 + 1200);
	spent_add(&s, T0 + 1200, T0 + 1200, 1, false);
	assert_int_equal(sum(T0 + 1200), 1);
}

static void news_are_taken_once(void **state)
{
	struct upstream_spent out[2];
	int64_t now = T0;
	int i;

	assert_int_equal(spent_take(&s, T0, out, 2), 0);
	for (i = 0; i < 3; i++, now += SLOT)
		spent_add(&s, now, now, 1, true);
	spent_add(&s, T0, now, 9, false);
	assert_int_equal(spent_take(&s, now, out, 2), 2);
	assert_int_equal(out[0].n + out[1].n, 2);
	assert_int_equal(spent_take(&s, now, out, 2), 1);
	assert_int_equal(spent_take(&s, now, out, 2), 0);
	assert_false(s.has_news);
	assert_int_equal(sum(now), 12);
}

static void a_count_does_not_wrap(void **state)
{
	spent_add(&s, T0, T0, UINT32_MAX - 1, false);
	spent_add(&s, T0, T0, 5, false);
	assert_int_equal(sum(T0), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(they_age_out, fresh),
		cmocka_unit_test_setup(only_until_a_time, fresh),
		cmocka_unit_test_setup(slots_are_used_again, fresh),
		cmocka_unit_test_setup(a_clock_set_back_loses_none, fresh),
		cmocka_unit_test_setup(another_window, fresh),
		cmocka_unit_test_setup(news_are_taken_once, fresh),
		cmocka_unit_test_setup(a_count_does_not_wrap, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
