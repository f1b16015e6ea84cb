/* Numbers as people read them. */
#include "unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
