/* Views and bounded buffers: limits to the byte, and content untouched by what is
 * refused. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"

static void views(void **state)
{
	assert_int_equal(view_of(NULL).n, 0);
	assert_true(view_is(VIEW("abc"), "abc"));
	assert_false(view_is(VIEW("abc"), "ab"));
	assert_false(view_is(VIEW("abc"), "abd"));
	assert_true(view_is_nocase(VIEW("aBc"), "AbC"));
	assert_false(view_is_nocase(VIEW("abc"), "abcd"));
	assert_true(view_starts(VIEW("abc"), "ab"));
	assert_true(view_starts(VIEW("abc"), ""));
	assert_false(view_starts(VIEW("a"), "ab"));
	assert_true(view_is(view_trim(VIEW(" \t a b\t ")), "a b"));
	assert_int_equal(view_trim(VIEW(" \t ")).n, 0);
	assert_int_equal(view_trim(view_of(NULL)).n, 0);
}

static void add_at_the_limit(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(5);

	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add(&b, "abc", 3), 0);
	assert_int_equal(buf_add(&b, "def", 3), -1);
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_adds(&b, "de"), 0);
	assert_string_equal(buf_str(&b), "abcde");
	assert_int_equal(buf_adds(&b, ""), 0);
	assert_int_equal(buf_adds(&b, "f"), -1);
	assert_true(view_is(buf_view(&b), "abcde"));
}

static void no_room_for_sizes_that_wrap(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(100);

	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_null(buf_room(&b, SIZE_MAX - 2));
	assert_null(buf_room(&b, 98));
	assert_non_null(buf_room(&b, 97));
}

static void room_that_is_not_used_changes_nothing(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(5000);

	assert_non_null(buf_room(&b, 4000));
	assert_string_equal(buf_str(&b), "");
}

static void limit_zero_holds_nothing(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(0);

	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_adds(&b, "a"), -1);
	assert_string_equal(buf_str(&b), "");
}

static void grows_past_doublings(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_add(&b, &"0123456789"[i % 10], 1), 0);
	assert_int_equal(buf_adds(&b, "x"), -1);
	assert_int_equal(b.n, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], "0123456789"[i % 10]);
	assert_int_equal(b.p[1000], '\0');
}

static void format(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(6);

	assert_int_equal(buf_addf(&b, "%d-%s", 12, "ab"), 0);
	assert_int_equal(buf_addf(&b, "%d", 34), -1);
	assert_string_equal(buf_str(&b), "12-ab");
	assert_int_equal(buf_addf(&b, "%d", 3), 0);
	assert_string_equal(buf_str(&b), "12-ab3");
}

static void clear_and_done_leave_it_usable(void **state)
{
	struct buf b;

	buf_init(&b, 10);
	buf_clear(&b);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_done(&b);
	assert_int_equal(b.limit, 10);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	buf_done(&b);
	buf_done(&b);
}

static void json_strings(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(100);

	assert_int_equal(buf_add_json(&b, "a\"\\\n\0\x7f\xff", 7), 0);
	assert_string_equal(buf_str(&b), "a\\\"\\\\\\u000a\\u0000\\u007f\\u00ff");
	b.limit = b.n + 1;
	assert_int_equal(buf_add_json(&b, "\"", 1), -1);
}

static void json_strings_of_utf8(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "J\xc3\xb6rg", "J\xc3\xb6rg" },
		{ "\xe2\x82\xac\xf0\x9f\x8d\x9e", "\xe2\x82\xac\xf0\x9f\x8d\x9e" },
		{ "\xc2\x9b[31m", "\\u009b[31m" },
		{ "\xc3", "\\u00c3" }, /* cut */
		{ "\xe2\x82", "\\u00e2\\u0082" },
		{ "\xe2\x82x", "\\u00e2\\u0082x" },
		{ "\xc0\xaf", "\\u00c0\\u00af" },	     /* longer than need be */
		{ "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080" }, /* half of a pair */
		{ "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(buf_done)
		struct buf b = BUF_INIT(100);

		assert_int_equal(buf_add_json(&b, rows[i].text, strlen(rows[i].text)), 0);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void words(void **state)
{
	struct view line = VIEW("  a\tbc  ");

	assert_true(view_is(view_word(&line), "a"));
	assert_true(view_is(view_word(&line), "bc"));
	assert_int_equal(view_word(&line).n, 0);
	assert_int_equal(line.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views),
		cmocka_unit_test(add_at_the_limit),
		cmocka_unit_test(no_room_for_sizes_that_wrap),
		cmocka_unit_test(room_that_is_not_used_changes_nothing),
		cmocka_unit_test(limit_zero_holds_nothing),
		cmocka_unit_test(grows_past_doublings),
		cmocka_unit_test(format),
		cmocka_unit_test(clear_and_done_leave_it_usable),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_strings_of_utf8),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
