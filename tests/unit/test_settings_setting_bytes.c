/* Numbers of bytes as people write them. */
#include "unit.h"

#include "settings/setting_bytes.h"
#include "base/mem.h"

static void what_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "4096", 4096 },
		{ "512B", 512 },
		{ "20MB", 20000000 },
		{ "20mb", 20000000 },
		{ "20M", 20000000 },
		{ "20 MB", 20000000 },
		{ "500kB", 500000 },
		{ "1.5GB", 1500000000 },
		{ "2GiB", 2147483648 },
		{ "0.25k", 250 },
		{ "1TiB", 1099511627776 },
	};
	int64_t n = -1;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(setting_bytes_parse(good[i].text, &n, &e), 0);
		assert_int_equal(n, good[i].bytes);
	}
}

static void what_is_refused(void **state)
{
	static const char *const bad[] = { "",	       "MB",	"-1",
					   "1 2",      "20MBs", "fast",
					   "1e9",      "20%",	"0x10",
					   "2  MB",    "1.2.3", "99999999999999999999",
					   "9999999TB" };
	int64_t n = 7;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(setting_bytes_parse(bad[i], &n, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(n, 7);
	}
}

static void what_is_written_reads_back(void **state)
{
	static const int64_t all[] = { 0,	1,	    999,	  1000,
				       1024,	20000000,   20000001,	  1500000000,
				       1 << 30, 1000000000, 1099511627776 };
	char text[64];
	int64_t n;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		setting_bytes_text(all[i], text);
		assert_int_equal(setting_bytes_parse(text, &n, NULL), 0);
		assert_int_equal(n, all[i]);
	}
	setting_bytes_text(20000000, text);
	assert_string_equal(text, "20MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
