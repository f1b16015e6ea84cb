/* The list of what does not count. */
#include "unit.h"

#include "trust/vuln_except.h"
#include "vuln_try.h"

#define DAY INT64_C(86400000)
#define NOON_MS (INT64_C(1790812800000) + DAY / 2) /* 2026-10-01 */

static void reads(const char *text, size_t n)
{
	struct vuln_excepts x;
	struct err e;

	assert_int_equal(vuln_except_read(view_of(text), NOON_MS, &x, &e), 0);
	assert_int_equal(x.n, n);
	vuln_excepts_done(&x);
}

static void refuses(const char *text, const char *why)
{
	struct vuln_excepts x;
	struct err e = { 0 };

	assert_int_equal(vuln_except_read(view_of(text), NOON_MS, &x, &e), -1);
	assert_non_null(strstr(e.msg, why));
	vuln_excepts_done(&x);
}

static void lines(void **state)
{
	struct vuln_excepts x;
	struct err e;

	reads("", 0);
	reads("# nothing\n\n  \t\n", 0);
	reads("CVE-1 2026-12-31 why\r\nCVE-2 zlib 2026-12-31 why not", 2);
	refuses("CVE-1", "line 1: the date is missing");
	refuses("#\nCVE-1 zlib", "line 2: the date until");
	refuses("CVE-1 2026-12-31", "line 1: the reason is missing");
	refuses("CVE-1 2026-02-30 x", "the date until");
	refuses("CVE-1 zlib tomorrow x", "the date until");
	refuses("!! 2026-12-31 x", "no id");
	assert_int_equal(
		vuln_except_read(VIEW("CVE-1\tzlib  2026-12-31  a b "), NOON_MS, &x, &e),
		0);
	assert_string_equal(x.at[0].id, "CVE-1");
	assert_string_equal(x.at[0].package, "zlib");
	assert_string_equal(x.at[0].until, "2026-12-31");
	assert_string_equal(x.at[0].reason, "a b");
	vuln_excepts_done(&x);
}

/* The day that is named is the last. */
static void expiry(void **state)
{
	struct vuln_excepts x;
	struct err e;

	assert_int_equal(vuln_except_read(VIEW("CVE-1 2026-10-01 x\nCVE-2 2026-09-30 x"),
					  NOON_MS, &x, &e),
			 0);
	assert_false(x.at[0].expired);
	assert_true(x.at[1].expired);
	vuln_excepts_done(&x);
}

static void marks(void **state)
{
	const char *alias[] = { "DSA-9", "GHSA-a-b" };
	const char *packages[] = { "libz1" };
	struct vuln_unit u = { .name = "zlib", .packages = packages, .npackages = 1 };
	struct vuln_finding f[3] = {
		{ .unit = &u, .id = "CVE-1", .alias = alias, .naliases = 2 },
		{ .unit = &u, .id = "CVE-2" },
		{ .unit = &u, .id = "CVE-3" },
	};
	struct vuln_image im = { .finding = f, .n = 3 };
	struct vuln_excepts x;
	struct err e;

	assert_int_equal(vuln_except_read(VIEW("GHSA-a-b libz1 2026-12-31 by its alias\n"
					       "CVE-2 openssl 2026-12-31 another\n"
					       "CVE-3 2020-01-01 long ago\n"
					       "CVE-4 2026-12-31 not there\n"),
					  NOON_MS, &x, &e),
			 0);
	vuln_except_mark(&x, &im);
	assert_string_equal(f[0].ignored, "by its alias");
	assert_null(f[1].ignored);
	assert_null(f[2].ignored);
	assert_int_equal(x.at[0].used, 1);
	assert_int_equal(x.at[1].used, 0);
	assert_int_equal(x.at[2].used, 1);
	assert_int_equal(x.at[3].used, 0);
	vuln_excepts_done(&x);
}

static void limits(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(VULN_EXCEPT_MAX_BYTES);
	char *reason = unit_repeat('r', VULN_EXCEPT_REASON_MAX + 1);
	struct vuln_excepts x;
	struct err e = { 0 };
	int i;

	for (i = 0; i < VULN_EXCEPT_MAX; i++)
		assert_int_equal(buf_addf(&text, "CVE-%d 2026-12-31 why\n", i), 0);
	assert_int_equal(vuln_except_read(buf_view(&text), NOON_MS, &x, &e), 0);
	assert_int_equal(x.n, VULN_EXCEPT_MAX);
	vuln_excepts_done(&x);
	buf_adds(&text, "CVE-x 2026-12-31 why\n");
	assert_err(vuln_except_read(buf_view(&text), NOON_MS, &x, &e), e, ERR_LIMIT);
	vuln_excepts_done(&x);

	buf_clear(&text);
	buf_addf(&text, "CVE-1 2026-12-31 %s", reason);
	assert_err(vuln_except_read(buf_view(&text), NOON_MS, &x, &e), e, ERR_INVALID);
	vuln_excepts_done(&x);
	text.n--;
	assert_int_equal(vuln_except_read(buf_view(&text), NOON_MS, &x, &e), 0);
	vuln_excepts_done(&x);
	test_free(reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(expiry),
		cmocka_unit_test(marks),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
