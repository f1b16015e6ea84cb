/* Ranges at both ends, past them, and with numbers that do not fit. */
#include "unit.h"

#include "codec/range.h"

#define U64_MAX_TEXT "18446744073709551615"

static void assert_part(const char *header, uint64_t size, uint64_t first, uint64_t count)
{
	struct range r = { 77, 77 };

	assert_int_equal(range_parse(view_of(header), size, &r), RANGE_PART);
	assert_true(r.first == first);
	assert_true(r.count == count);
}

static void assert_kind(const char *header, uint64_t size, enum range_kind want)
{
	struct range r = { 77, 77 };

	assert_int_equal(range_parse(view_of(header), size, &r), want);
	assert_int_equal(r.first, 77);
	assert_int_equal(r.count, 77);
}

static void parts(void **state)
{
	assert_part("bytes=0-0", 100, 0, 1);
	assert_part("bytes=0-99", 100, 0, 100);
	assert_part("bytes=0-100", 100, 0, 100);
	assert_part("bytes=99-99", 100, 99, 1);
	assert_part("bytes=50-", 100, 50, 50);
	assert_part("bytes=0-", 1, 0, 1);
	assert_part("bytes=-1", 100, 99, 1);
	assert_part("bytes=-100", 100, 0, 100);
	assert_part("bytes=-500", 100, 0, 100);
	assert_part("Bytes= 5-9 ", 100, 5, 5);
	assert_part("bytes=5-" U64_MAX_TEXT "0", 100, 5, 95);
	assert_part("bytes=-" U64_MAX_TEXT "0", 100, 0, 100);
	assert_part("bytes=0-" U64_MAX_TEXT, UINT64_MAX, 0, UINT64_MAX);
}

static void unsatisfied(void **state)
{
	assert_kind("bytes=100-", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=100-200", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=500-0", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=5-4", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=-0", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=0-", 0, RANGE_UNSATISFIED);
	assert_kind("bytes=-5", 0, RANGE_UNSATISFIED);
	assert_kind("bytes=" U64_MAX_TEXT "0-", 100, RANGE_UNSATISFIED);
	assert_kind("bytes=" U64_MAX_TEXT "-", UINT64_MAX, RANGE_UNSATISFIED);
}

static void none(void **state)
{
	static const char *const rows[] = {
		"",	      "bytes",	    "bytes=",	 "bytes=-",    "bytes=a-b",
		"bytes=1",    "bytes=1-2x", "bytes=--1", "bytes=1--2", "bytes=1-2,4-5",
		"items=0-5",  "0-5",	    "bytes 0-5", "bytes=+1-2", "bytes=0x1-",
		"bytes=-1-2", "bytes=1 -2",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_kind(rows[i], 100, RANGE_NONE);
	assert_kind(NULL, 100, RANGE_NONE);
}

static void content_ranges(void **state)
{
	uint64_t first, last, total;

	assert_true(range_parse_content(VIEW("bytes 5-9/100"), &first, &last, &total));
	assert_int_equal(first, 5);
	assert_int_equal(last, 9);
	assert_int_equal(total, 100);
	assert_true(range_parse_content(VIEW(" BYTES 0-0/1 "), &first, &last, &total));
	assert_true(range_parse_content(VIEW("bytes 0-9/*"), &first, &last, &total));
	assert_true(total == UINT64_MAX);
	assert_true(range_parse_content(VIEW("bytes 99-99/100"), &first, &last, &total));
}

static void content_ranges_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"bytes",
		"bytes */100",
		"bytes 5-4/100",
		"bytes 5-100/100",
		"bytes 5-9",
		"bytes 5-9/",
		"bytes 5-9/100x",
		"bytes 5-/100",
		"bytes -9/100",
		"bytes=5-9/100",
		"items 5-9/100",
		"5-9/100",
		"bytes 0-" U64_MAX_TEXT "/*",
		"bytes 0-" U64_MAX_TEXT "0/*",
		"bytes " U64_MAX_TEXT "0-1/*",
		"bytes 0-1/" U64_MAX_TEXT "0",
		"bytes 0-1/**",
		"bytes 0-1/-5",
	};
	uint64_t first = 7, last = 7, total = 7;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(
			range_parse_content(view_of(rows[i]), &first, &last, &total));
	assert_true(first == 7 && last == 7 && total == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(unsatisfied),
		cmocka_unit_test(none),
		cmocka_unit_test(content_ranges),
		cmocka_unit_test(content_ranges_refused),
	};

	return cmocka_run_group_tests_name("codec/range", tests, NULL, NULL);
}
