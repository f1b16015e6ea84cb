/* A set of digests: all in, none out, by ranges, and full in the end. */
#include "unit.h"

#include <stdio.h>

#include "store/marks.h"

static struct digest numbered(unsigned i)
{
	struct digest d;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	return d;
}

static void what_was_added_is_there(void **state)
{
	struct marks *m = marks_new(1 << 20);
	struct digest d;
	unsigned i;

	for (i = 0; i < 20000; i++) {
		d = numbered(i);
		assert_true(marks_add(m, &d));
		assert_true(marks_add(m, &d));
	}
	assert_int_equal(marks_count(m), 20000);
	for (i = 0; i < 40000; i++) {
		d = numbered(i);
		assert_int_equal(marks_has(m, &d), i < 20000);
	}
	marks_begin(m, 0, MARKS_RANGE_END);
	d = numbered(1);
	assert_false(marks_has(m, &d));
	marks_free(m);
}

static void only_the_range(void **state)
{
	struct marks *m = marks_new(1 << 20);
	unsigned i, inside = 0;

	marks_begin(m, 1000, 30000);
	for (i = 0; i < 1000; i++) {
		struct digest d = numbered(i);
		unsigned at = (unsigned)d.bytes[0] << 8 | d.bytes[1];

		assert_int_equal(marks_covers(m, &d), at >= 1000 && at < 30000);
		assert_true(marks_add(m, &d));
		assert_int_equal(marks_has(m, &d), marks_covers(m, &d));
		inside += marks_covers(m, &d);
	}
	assert_int_equal(marks_count(m), inside);
	assert_in_range(inside, 300, 600);
	marks_free(m);
}

static void full_and_still_right(void **state)
{
	struct marks *m = marks_new(16 * 2048);
	struct digest d;
	unsigned i;

	for (i = 0;; i++) {
		d = numbered(i);
		if (!marks_add(m, &d))
			break;
	}
	assert_int_equal(i, 1536);
	assert_false(marks_has(m, &d));
	d = numbered(7);
	assert_true(marks_add(m, &d) && marks_has(m, &d));
	marks_free(m);
}

/* All zeros is a digest like any other. */
static void of_nothing_but_zeros(void **state)
{
	struct marks *m = marks_new(1 << 16);
	struct digest zero = { .alg = HASH_SHA256 };

	assert_false(marks_has(m, &zero));
	assert_true(marks_add(m, &zero));
	assert_true(marks_has(m, &zero));
	marks_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there),
		cmocka_unit_test(only_the_range),
		cmocka_unit_test(full_and_still_right),
		cmocka_unit_test(of_nothing_but_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
