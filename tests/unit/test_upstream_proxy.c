/*
 * test_upstream_proxy.c - the proxy variables.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "upstream/proxy.h"

static void skips(void **state)
{
	assert_true(proxy_skipped("*", "a.example"));
	assert_true(proxy_skipped("x, .example", "a.example"));
	assert_true(proxy_skipped("example", "a.EXAMPLE"));
	assert_true(proxy_skipped("10.0.0.0/8", "10.2.3.4"));
	assert_true(proxy_skipped("10.0.0.0/9,127.0.0.1", "127.0.0.1"));
	assert_true(proxy_skipped("fd00::/8", "[fd12::1]"));
	assert_true(proxy_skipped("[::1]", "[::1]"));
	assert_false(proxy_skipped("", "a.example"));
	assert_false(proxy_skipped("ample", "a.example"));
	assert_false(proxy_skipped("10.0.0.0/9", "10.200.3.4"));
	assert_false(proxy_skipped("10.0.0.0/8", "fd00::1"));
	assert_false(proxy_skipped("a.example.com", "example.com"));
}

static const char *pick(const char *url)
{
	struct url u;

	assert_int_equal(url_parse(url, &u, NULL), 0);
	return proxy_for(&u);
}

static void picks(void **state)
{
	static const char *const names[] = { "http_proxy",  "HTTP_PROXY", "https_proxy",
					     "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
					     "no_proxy",    "NO_PROXY" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	assert_null(pick("http://a/"));
	setenv("ALL_PROXY", "http://all", 1);
	assert_string_equal(pick("http://a/"), "http://all");
	setenv("HTTP_PROXY", "http://plain", 1);
	assert_string_equal(pick("http://a/"), "http://plain");
	assert_string_equal(pick("https://a/"), "http://all");
	setenv("HTTPS_PROXY", "http://tls", 1);
	assert_string_equal(pick("https://a/"), "http://tls");
	setenv("https_proxy", "http://lower", 1);
	assert_string_equal(pick("https://a/"), "http://lower");
	setenv("NO_PROXY", "a", 1);
	assert_null(pick("https://a/"));
	assert_string_equal(pick("https://b/"), "http://lower");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skips),
		cmocka_unit_test(picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
