/* "100;w=21600" and what else may come. */
#include "unit.h"

#include "codec/ratelimit.h"

static void assert_reads(const char *text, int64_t count, int64_t window_s)
{
	struct ratelimit got = { -1, -1 };

	assert_int_equal(ratelimit_parse(view_of(text), &got), 0);
	assert_int_equal(got.count, count);
	assert_int_equal(got.window_s, window_s);
}

static void assert_refused(const char *text)
{
	struct ratelimit got = { -7, -7 };

	assert_int_equal(ratelimit_parse(view_of(text), &got), -1);
	assert_int_equal(got.count, -7);
	assert_int_equal(got.window_s, -7);
}

static void as_registries_send_it(void **state)
{
	assert_reads("100;w=21600", 100, 21600);
	assert_reads("0;w=21600", 0, 21600);
	assert_reads("100;w=3600", 100, 3600);
	assert_reads("76", 76, 0);
	assert_reads("  76 ; w=60 ", 76, 60);
}

static void other_parameters_and_items(void **state)
{
	assert_reads("100;comment=\"x\";w=60", 100, 60);
	assert_reads("100, 100;w=60", 100, 0);
	assert_reads("5;w=1, 100;w=60", 5, 1);
	assert_reads("5;ww=3;W=4", 5, 4);
}

static void windows_that_are_none(void **state)
{
	assert_reads("100;w=", 100, 0);
	assert_reads("100;w=0", 100, 0);
	assert_reads("100;w=-5", 100, 0);
	assert_reads("100;w=5s", 100, 0);
	assert_reads("100;w=31622400", 100, 31622400);
	assert_reads("100;w=31622401", 100, 0);
	assert_reads("100;w=99999999999999999999999999", 100, 0);
}

static void what_is_no_number(void **state)
{
	assert_refused("");
	assert_refused(";w=60");
	assert_refused("-1;w=60");
	assert_refused("+1");
	assert_refused("1e3");
	assert_refused("100x");
	assert_refused("many");
	assert_refused("1000000000001");
	assert_refused("99999999999999999999999999999999");
	assert_reads("1000000000000", 1000000000000, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_registries_send_it),
		cmocka_unit_test(other_parameters_and_items),
		cmocka_unit_test(windows_that_are_none),
		cmocka_unit_test(what_is_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
