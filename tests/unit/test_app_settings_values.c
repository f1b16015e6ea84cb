/*
 * test_app_settings_values.c - texts of settings as values: durations, sizes, rules,
 * addresses.
 */
#include "settings_try.h"

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "0", 0 },	     { "0s", 0 },	  { "500ms", 500 },
		{ "2s", 2000 },	     { "10m", 600000 },	  { "1h30m", 5400000 },
		{ "7d", 604800000 }, { "1.5h", 5400000 }, { "0.25s", 250 },
		{ "always", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct settings *s = load(ARGS("--freshness", good[i].text), ENV());

		assert_int_equal(s->freshness_ms, good[i].ms);
		settings_free(s);
	}
}

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

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} good[] = {
		{ ":5000", NULL, 5000 },       { "0.0.0.0:80", "0.0.0.0", 80 },
		{ "[::1]:5000", "::1", 5000 }, { "localhost:0", "localhost", 0 },
		{ "[::]:65535", "::", 65535 },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct settings *s = load(ARGS("--addr", good[i].text), ENV());

		assert_int_equal(s->listen_port, good[i].port);
		if (good[i].host)
			assert_string_equal(s->listen_host, good[i].host);
		else
			assert_null(s->listen_host);
		settings_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
