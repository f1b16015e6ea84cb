/* Numbers as people read them. */
#include "unit.h"

#include <stdio.h>

#include "base/human.h"

static void bytes(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{ 0, "0B" },
		{ 999, "999B" },
		{ 1000, "1.0kB" },
		{ 45234567, "45.2MB" },
		{ 99949999, "99.9MB" },
		{ 99960000, "100MB" },
		{ 999500000, "1.0GB" },
		{ 312000000000, "312GB" },
		{ UINT64_MAX, "18.4EB" },
	};
	char text[HUMAN_MAX];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		human_bytes(rows[i].n, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ -5, "0.0 s" },	   { 0, "0.0 s" },
		{ 449, "0.4 s" },	   { 9949, "9.9 s" },
		{ 9950, "10 s" },	   { 59499, "59 s" },
		{ 59500, "1 min 0 s" },	   { 185000, "3 min 5 s" },
		{ 7800000, "2 h 10 min" }, { 518400000, "6 days" },
	};
	char text[HUMAN_MAX];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		human_ms(rows[i].ms, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void shown(const char *text, size_t most, const char *want)
{
	struct buf out = BUF_INIT(1000);

	assert_int_equal(buf_adds(&out, "+"), 0);
	assert_int_equal(human_escape(&out, text, most), 0);
	assert_string_equal(out.p + 1, want);
	buf_done(&out);
}

static void escapes(void **state)
{
	struct buf small = BUF_INIT(3);

	shown("", 10, "");
	shown("plain text, \\ too", 100, "plain text, \\ too");
	shown("a\nb\tc\rd", 100, "a\\nb\\tc\\rd");
	shown("\x1b[31m\x7f", 100, "\\x1b[31m\\x7f");
	shown("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 100,
	      "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	shown("\xff\xc3", 100, "\\xff\\xc3");
	shown("\xc2\x9b", 100, "\\u009b");
	shown("a\xe2\x80\xae"
	      "b\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x80\x81",
	      100, "a\\u202eb\\u200b\\ufeff\\ue0001");
	/* Cut between what is shown, never within. */
	shown("abcdef", 6, "abcdef");
	shown("abcdefg", 6, "abc...");
	shown("ab\ndefg", 6, "ab...");
	shown("\n\n\n\n", 6, "\\n...");
	assert_int_equal(human_escape(&small, "abcd", 100), -1);
	buf_done(&small);
}

/* Once is enough: cleaned text is clean. */
static void cleaned(const char *text, const char *want)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	assert_string_equal(human_clean(copy), want);
	assert_string_equal(human_clean(copy), want);
}

static void cleaning(void **state)
{
	cleaned("a\tb\x1b[31m\x7f", "a b?[31m?");
	cleaned("\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac");
	cleaned("\xc2\x9b"
		"31m",
		"??31m");
	cleaned("\x9e\x9b", "??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(times),
		cmocka_unit_test(escapes),
		cmocka_unit_test(cleaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
