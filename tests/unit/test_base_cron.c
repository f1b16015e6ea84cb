/* Schedules in crontab's words: what they mean, what is refused, when they come next. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/cron.h"

static int64_t at(int year, int month, int day, int hour, int minute)
{
	struct tm t = { .tm_year = year - 1900,
			.tm_mon = month - 1,
			.tm_mday = day,
			.tm_hour = hour,
			.tm_min = minute,
			.tm_isdst = -1 };

	return (int64_t)mktime(&t) * 1000;
}

static void in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static int64_t next(const char *words, int64_t after_ms)
{
	struct cron c;
	struct err e;

	if (cron_parse(view_of(words), &c, &e) != 0)
		fail_msg("%s: %s", words, e.msg);
	return cron_next(&c, after_ms);
}

static void next_times(void **state)
{
	/* 2026-11-25 is a Wednesday. */
	int64_t now = at(2026, 11, 25, 22, 30);
	const struct {
		const char *words;
		int64_t next;
	} rows[] = {
		{ "* * * * *", at(2026, 11, 25, 22, 31) },
		{ "30 22 * * *", at(2026, 11, 26, 22, 30) },
		{ "31 22 * * *", at(2026, 11, 25, 22, 31) },
		{ "0 4 * * *", at(2026, 11, 26, 4, 0) },
		{ "*/20 * * * *", at(2026, 11, 25, 22, 40) },
		{ "5-59/20 23 * * *", at(2026, 11, 25, 23, 5) },
		{ "0 0 1 1 *", at(2027, 1, 1, 0, 0) },
		{ "0 6 * * 1-5", at(2026, 11, 26, 6, 0) },
		{ "0 6 * * sat,SUN", at(2026, 11, 28, 6, 0) },
		{ "0 6 * * 7", at(2026, 11, 29, 6, 0) },
		{ "0 6 13 * fri", at(2026, 11, 27, 6, 0) }, /* either */
		{ "0 6 26 * *", at(2026, 11, 26, 6, 0) },
		{ "0 6 */2 * fri", at(2026, 11, 27, 6, 0) }, /* both */
		{ "0 0 29 2 *", at(2028, 2, 29, 0, 0) },
		{ "0 0 1 feb-mar/1 *", at(2027, 2, 1, 0, 0) },
		{ "  @daily ", at(2026, 11, 26, 0, 0) },
		{ "@hourly", at(2026, 11, 25, 23, 0) },
		{ "@weekly", at(2026, 11, 29, 0, 0) },
		{ "@monthly", at(2026, 12, 1, 0, 0) },
		{ "0 0 31 2 *", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t found = next(rows[i].words, now + 12345);

		if (found != rows[i].next)
			fail_msg("%s: %lld, not %lld", rows[i].words, (long long)found,
				 (long long)rows[i].next);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		"@never",
		"* * * *",
		"* * * * * *",
		"60 * * * *",
		"* 24 * * *",
		"* * 0 * *",
		"* * 32 * *",
		"* * * 13 *",
		"* * * * 8",
		"*/0 * * * *",
		"5/2 * * * *",
		"5-1 * * * *",
		"-1 * * * *",
		"1, * * * *",
		",1 * * * *",
		"a * * * *",
		"* * * foo *",
		"1-2-3 * * * *",
		"1000000 * * * *",
		"** * * * *",
		"*/ * * * *",
		"*/1000000 * * * *",
	};
	struct err e = { 0 };
	struct cron c;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_err(cron_parse(view_of(rows[i]), &c, &e), e, ERR_INVALID);
}

/* In Berlin, 2026-03-29 has no 02:30, and 2026-10-25 has it twice. */
static void when_clocks_change(void **state)
{
	int64_t t;

	in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	t = next("30 2 * * *", at(2026, 3, 28, 12, 0));
	assert_int_equal(t, at(2026, 3, 30, 2, 30));
	t = next("30 2 * * *", at(2026, 10, 24, 12, 0));
	assert_true(t > at(2026, 10, 25, 1, 59) && t < at(2026, 10, 25, 3, 0));
	assert_true(next("30 2 * * *", t) > t);
	t = next("*/10 * * * *", at(2026, 3, 29, 1, 55));
	assert_int_equal(t, at(2026, 3, 29, 3, 0));
	in_zone("UTC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_times),
		cmocka_unit_test(refused),
		cmocka_unit_test(when_clocks_change),
	};

	in_zone("UTC");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
