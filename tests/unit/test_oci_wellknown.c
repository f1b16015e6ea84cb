/* Registries by name, and which address is a registry's own. */
#include "unit.h"

#include "base/mem.h"
#include "oci/wellknown.h"

static void own_addresses(void **state)
{
	static const struct {
		const char *host, *url;
		bool own;
	} rows[] = {
		{ "docker.io", "https://registry-1.docker.io", true },
		{ "docker.io", "https://index.docker.io/", true },
		{ "quay.io", "https://quay.io", true },
		{ "quay.io", "https://QUAY.io:443/", true },
		{ "quay.io", "HTTPS://quay.io", true },
		{ "reg.example:5000", "http://reg.example:5000", true },
		{ "reg.example", "http://reg.example:80", true },
		{ "[::1]:5000", "http://[::1]:5000", true },
		{ "docker.io", "https://mirror.gcr.io", false },
		{ "docker.io", "http://127.0.0.1:5000", false },
		{ "quay.io", "https://quay.io:8443", false },
		{ "quay.io", "https://quay.io.evil.example", false },
		{ "quay.io", "http://cache/quay.io", false },
		{ "reg.example", "http://reg.example:5000", false },
		{ "quay.io", "https://registry-1.docker.io", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (wellknown_own_url(rows[i].host, rows[i].url) != rows[i].own)
			fail_msg("%s at %s", rows[i].host, rows[i].url);
}

static void names(void **state)
{
	size_t i;

	for (i = 0; wellknown_host(i) != NULL; i++) {
		assert_true(wellknown_is(view_of(wellknown_host(i))));
		assert_true(wellknown_own_url(wellknown_host(i),
					      wellknown_url(wellknown_host(i))));
	}
	assert_true(i > 3);
	assert_true(wellknown_is(view_of("registry-1.docker.io")));
	assert_false(wellknown_is(view_of("docker.io.example")));
	assert_false(wellknown_is(view_of("docker")));
	assert_false(wellknown_is(view_of("")));
	assert_null(wellknown_url("google.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_addresses),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
