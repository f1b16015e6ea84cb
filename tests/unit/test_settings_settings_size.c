/* larder.size, larder.size-low and larder.keep. */
#include "settings_try.h"

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		unsigned percent;
	} good[] = {
		{ "0", 0, 0 },
		{ "1000000", 1000000, 0 },
		{ "200GB", UINT64_C(200000000000), 0 },
		{ "200g", UINT64_C(200000000000), 0 },
		{ "1.5TB", UINT64_C(1500000000000), 0 },
		{ "50GiB", UINT64_C(53687091200), 0 },
		{ "50 gi", UINT64_C(53687091200), 0 },
		{ "1.25MB", 1250000, 0 },
		{ "80%", 0, 80 },
		{ "100%", 0, 100 },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct settings *s = load(ARGS("--size", good[i].text), ENV());

		assert_int_equal(s->size.bytes, good[i].bytes);
		assert_int_equal(s->size.percent, good[i].percent);
		assert_int_equal(s->size_low.percent, 90);
		settings_free(s);
	}
}

static void test_keep(void **state)
{
	struct settings *s = load_file("version: 0.1\n"
				       "larder:\n"
				       "  keep:\n"
				       "    - docker.io/library/*=last:5,used:90d\n"
				       "    - quay.io/**: last:2\n"
				       "    - local:team/*=used:1h\n");

	assert_int_equal(s->n_keep, 3);
	assert_string_equal(s->keep[0].pattern, "docker.io/library/*");
	assert_false(s->keep[0].local);
	assert_int_equal(s->keep[0].last, 5);
	assert_int_equal(s->keep[0].used_ms, INT64_C(90) * 86400000);
	assert_string_equal(s->keep[1].pattern, "quay.io/**");
	assert_int_equal(s->keep[1].last, 2);
	assert_int_equal(s->keep[1].used_ms, 0);
	assert_true(s->keep[2].local);
	assert_string_equal(s->keep[2].pattern, "team/*");
	settings_free(s);
	s = load(ARGS(), ENV("LARDER_KEEP=a/*=last:1,used:2d;local:b=last:3"));
	assert_int_equal(s->n_keep, 2);
	assert_int_equal(s->keep[1].last, 3);
	settings_free(s);
}

static void test_printed(void **state)
{
	struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
	struct settings *s =
		load(ARGS(), ENV("LARDER_SIZE=1.5TB", "LARDER_SIZE_LOW=50GiB",
				 "LARDER_KEEP=a/*=last:1,used:2d;local:b=last:3"));

	assert_int_equal(settings_print(s, &first), 0);
	settings_free(s);
	assert_non_null(strstr(first.p, "size: 1500GB"));
	assert_non_null(strstr(first.p, "size-low: 50GiB"));
	assert_non_null(strstr(first.p, "local:b=last:3"));
	s = load_file(first.p);
	assert_int_equal(settings_print(s, &second), 0);
	settings_free(s);
	assert_string_equal(first.p, second.p);
	buf_done(&first);
	buf_done(&second);
}

static void test_refused(void **state)
{
	static const struct {
		const char *variable, *said;
	} bad[] = {
		{ "LARDER_SIZE=999999", "at least 1000000" },
		{ "LARDER_SIZE=0%", "a size such as" },
		{ "LARDER_SIZE=101%", "a size such as" },
		{ "LARDER_SIZE=5XB", "a size such as" },
		{ "LARDER_SIZE=99999999999999999999", "a size such as" },
		{ "LARDER_SIZE_LOW=0", "more than 0" },
		{ "LARDER_SIZE_LOW=100%", "at most 99%" },
		{ "LARDER_KEEP=a", "pattern=rules" },
		{ "LARDER_KEEP=a=last:0", "from 1 to" },
		{ "LARDER_KEEP=a=used:0", "more than 0" },
		{ "LARDER_KEEP=a=oldest:3", "last:NUMBER" },
		{ "LARDER_KEEP=a=", "must have rules" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(try(ARGS(), ENV(bad[i].variable)));
		if (strstr(err.msg, bad[i].said) == NULL)
			fail_msg("%s: %s", bad[i].variable, err.msg);
	}
	assert_null(try(ARGS(), ENV("LARDER_SIZE=2GB", "LARDER_SIZE_LOW=2GB")));
	assert_non_null(strstr(err.msg, "less than larder.size"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_printed),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
