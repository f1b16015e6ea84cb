/* Names and dates: what is one, what is not, and what is said of it. */
#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"
#include "oci/asof.h"

static const int64_t now_ms = 1793536250500; /* 2026-11-01T12:30:50.500Z */

static int split(const char *text, struct reponame *rest, int64_t *ms, struct err *e)
{
	struct reponame name;

	assert_int_equal(reponame_parse(view_of(text), &name, NULL), 0);
	assert_true(asof_is(name.s));
	return asof_split(&name, now_ms, rest, ms, e);
}

static void what_is_one(void **state)
{
	static const char *const no[] = {
		"",	     "asof",	     "asof-",
		"asof-x",    "asof-tools/x", "x/asof-2026",
		"asof/2026", "basof-1",	     "asof_2026",
		"asof--1",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(no); i++)
		assert_false(asof_is(no[i]));
	assert_true(asof_is("asof-1"));
	assert_true(asof_is("asof-2026-11-01/x"));
}

static void right_ones(void **state)
{
	static const struct {
		const char *name, *rest, *when;
		int64_t more_ms;
	} try[] = {
		{ "asof-2026-10-31/x", "x", "2026-10-31T23:59:59Z", 999 },
		{ "asof-2024-02-29/a/b-c/d", "a/b-c/d", "2024-02-29T23:59:59Z", 999 },
		{ "asof-1970-01-01t0000z/x", "x", "1970-01-01T00:00:00Z", 0 },
		{ "asof-0001-01-01/x", "x", "0001-01-01T23:59:59Z", 999 },
		{ "asof-2026-11-01t1230z/gcr.io/x/y", "gcr.io/x/y",
		  "2026-11-01T12:30:00Z", 0 },
		{ "asof-2026-11-01t0000z/asof-x", "asof-x", "2026-11-01T00:00:00Z", 0 },
	};
	struct reponame rest;
	struct err e = { 0 };
	int64_t ms, s;
	size_t i;

	for (i = 0; i < ARRAY_LEN(try); i++) {
		assert_int_equal(split(try[i].name, &rest, &ms, &e), 0);
		assert_string_equal(rest.s, try[i].rest);
		assert_true(httpdate_parse(view_of(try[i].when), &s));
		assert_true(ms == s * 1000 + try[i].more_ms);
	}
}

static void wrong_ones(void **state)
{
	static const struct {
		const char *name, *why;
	} try[] = {
		{ "asof-2026-10-31", "after the date" },
		{ "asof-2026/x", "\"2026\" is no date" },
		{ "asof-2026-10-32/x", "is no date" },
		{ "asof-2025-02-29/x", "is no date" },
		{ "asof-2026-10-31t1230/x", "is no date" },
		{ "asof-2026-10-31t2400z/x", "is no date" },
		{ "asof-2026-10-31t1260z/x", "is no date" },
		{ "asof-2026-10-31t123000z/x", "is no date" },
		{ "asof-2026-10-311/x", "is no date" },
		{ "asof-02026-10-31/x", "is no date" },
		{ "asof-2026_10_31/x", "is no date" },
		{ "asof-2026-10-31/asof-2026-10-30/x", "two dates" },
		{ "asof-2026-11-01/x", "the day 2026-11-01 is not over" },
		{ "asof-2026-11-01/x", "2026-11-01t1230z for this minute" },
		{ "asof-2026-11-02/x",
		  "in the future: in UTC it is 2026-11-01T12:30:50Z" },
		{ "asof-2026-11-01t1231z/x", "2026-11-01t1231z is in the future" },
		{ "asof-9999-12-31/x", "in the future" },
	};
	struct reponame rest = { .s = "was" };
	struct err e;
	int64_t ms = 77;
	size_t i;

	for (i = 0; i < ARRAY_LEN(try); i++) {
		assert_int_equal(split(try[i].name, &rest, &ms, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		if (strstr(e.msg, try[i].why) == NULL)
			fail_msg("%s: %s", try[i].name, e.msg);
	}
	assert_int_equal(ms, 77);
	assert_string_equal(rest.s, "was");
}

/* At the limit of names, and just over it with the date taken away. */
static void long_ones(void **state)
{
	char text[NAME_MAX_BYTES + 1] = "asof-2026-10-31/";
	struct reponame rest;
	struct err e = { 0 };
	int64_t ms;

	memset(text + 16, 'a', NAME_MAX_BYTES - 16);
	text[NAME_MAX_BYTES] = '\0';
	assert_int_equal(split(text, &rest, &ms, &e), 0);
	assert_int_equal(strlen(rest.s), NAME_MAX_BYTES - 16);
}

static void typed_ones(void **state)
{
	struct err e = { 0 };
	int64_t ms, other;

	assert_int_equal(asof_date(VIEW("2026-10-31"), now_ms, &ms, &e), 0);
	assert_int_equal(asof_date(VIEW("2026-10-31T23:59:59Z"), now_ms, &other, &e), 0);
	assert_true(ms == other + 999);
	assert_int_equal(asof_date(VIEW("2026-10-31t1230z"), now_ms, &ms, &e), 0);
	assert_int_equal(asof_date(VIEW("2026-10-31T14:30:00+02:00"), now_ms, &other, &e),
			 0);
	assert_true(ms == other);
	assert_int_equal(asof_date(VIEW("2026-11-01T12:30:50Z"), now_ms, &ms, &e), 0);
	assert_int_equal(asof_date(VIEW("2026-11-01T12:30:51Z"), now_ms, &ms, &e), -1);
	assert_non_null(strstr(e.msg, "in the future"));
	assert_err(asof_date(VIEW("2026-11-01"), now_ms, &ms, &e), e, ERR_INVALID);
	assert_err(asof_date(VIEW("yesterday"), now_ms, &ms, &e), e, ERR_INVALID);
	assert_err(asof_date(VIEW(""), now_ms, &ms, &e), e, ERR_INVALID);
	assert_err(asof_date(VIEW("2026-10-31T12:30Z"), now_ms, &ms, &e), e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_one), cmocka_unit_test(right_ones),
		cmocka_unit_test(wrong_ones),  cmocka_unit_test(long_ones),
		cmocka_unit_test(typed_ones),
	};

	return cmocka_run_group_tests_name("oci/asof", tests, NULL, NULL);
}
