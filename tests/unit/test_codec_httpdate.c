/* Dates in four spellings, Retry-After in two. */
#include "unit.h"

#include "codec/httpdate.h"

static void assert_date(const char *text, int64_t want)
{
	int64_t got = -1;

	assert_true(httpdate_parse(view_of(text), &got));
	assert_int_equal(got, want);
}

static void four_formats(void **state)
{
	assert_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
	assert_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
	assert_date("Sun Nov  6 08:49:37 1994", 784111777);
	assert_date("Wed Nov 16 08:49:37 1994", 784975777);
	assert_date("1994-11-06T08:49:37Z", 784111777);
	assert_date("1994-11-06t08:49:37.123456789z", 784111777);
	assert_date("1994-11-06 09:49:37+01:00", 784111777);
	assert_date("1994-11-06T03:19:37-05:30", 784111777);
	assert_date("  Sun, 06 Nov 1994 08:49:37 GMT\t", 784111777);
	assert_date("Wednesday, 31-Dec-69 23:59:59 GMT", INT64_C(3155759999)); /* 2069 */
}

static void edges(void **state)
{
	assert_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
	assert_date("Wed, 31 Dec 1969 23:59:59 GMT", -1);
	assert_date("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
	assert_date("Tue, 29 Feb 2000 00:00:00 GMT", 951782400);
	assert_date("Fri, 31 Dec 2016 23:59:60 GMT", 1483228800);
	assert_date("9999-12-31T23:59:59Z", INT64_C(253402300799));
	assert_date("0000-01-01T00:00:00Z", INT64_C(-62167219200));
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"Sun",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT x",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Wed, 29 Feb 2023 00:00:00 GMT",
		"Thu, 29 Feb 1900 00:00:00 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Foo, 06 Nov 1994 08:49:37 GMT",
		"1994-11-06T08:49:37",
		"1994-13-06T08:49:37Z",
		"1994-00-06T08:49:37Z",
		"1994-11-06T08:49:37.Z",
		"1994-11-06T08:49:37+0100",
		"1994-11-06T08:49:37+24:00",
		"1994-11-06T08:49:37+01:60",
		"1994-11-06",
		"784111777",
	};
	int64_t s = 42;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(httpdate_parse(view_of(rows[i]), &s));
	assert_false(httpdate_parse((struct view){ NULL, 0 }, &s));
	assert_int_equal(s, 42);
}

static void format(void **state)
{
	char out[40];
	int64_t s, back;

	httpdate_format(784111777, out);
	assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
	for (s = 0; s < INT64_C(4000000000); s += 86400 * 27 + 12345) {
		httpdate_format(s, out);
		assert_true(httpdate_parse(view_of(out), &back));
		assert_int_equal(back, s);
	}
	httpdate_format(INT64_MAX, out); /* no such year; must only stay in bounds */
	assert_true(strlen(out) < sizeof(out));
}

static void iso(void **state)
{
	char out[24];
	int64_t s, back;

	httpdate_format_iso(784111777, out);
	assert_string_equal(out, "1994-11-06T08:49:37Z");
	for (s = 0; s < INT64_C(4000000000); s += 86400 * 27 + 12345) {
		httpdate_format_iso(s, out);
		assert_true(httpdate_parse(view_of(out), &back));
		assert_int_equal(back, s);
	}
	httpdate_format_iso(INT64_C(253402300799), out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	httpdate_format_iso(INT64_C(253402300800), out);
	assert_string_equal(out, "");
	httpdate_format_iso(INT64_MAX, out);
	assert_string_equal(out, "");
}

static void retry_after(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "0", 0 },
		{ "120", 120 },
		{ " 7 ", 7 },
		{ "86400", 86400 },
		{ "86401", 86400 },
		{ "1700000000", 86400 },
		{ "99999999999999999999999999", 86400 },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", 10 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 00:00:00 GMT", 0 },
		{ "Fri, 31 Dec 9999 00:00:00 GMT", 86400 },
	};
	static const char *const bad[] = {
		"", " ", "-1", "1.5", "1s", "soon", "+1", "1 2"
	};
	int s = 42;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(httpdate_retry_after(view_of(bad[i]), 784111777, &s));
	assert_int_equal(s, 42);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(httpdate_retry_after(view_of(rows[i].text), 784111777, &s));
		assert_int_equal(s, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_formats), cmocka_unit_test(edges),
		cmocka_unit_test(refused),	cmocka_unit_test(format),
		cmocka_unit_test(iso),		cmocka_unit_test(retry_after),
	};

	return cmocka_run_group_tests_name("codec/httpdate", tests, NULL, NULL);
}
