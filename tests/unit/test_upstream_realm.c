/*
 * test_upstream_realm.c - whom credentials are shown to, and what tokens are asked for.
 */
#include "unit.h"

#include "base/mem.h"
#include "upstream/realm.h"

static bool trusted(const char *registry, const char *realm, const char *extra)
{
	struct url a, b;

	assert_int_equal(url_parse(registry, &a, NULL), 0);
	assert_int_equal(url_parse(realm, &b, NULL), 0);
	return realm_trusted(&a, &b, extra);
}

static void trusts(void **state)
{
	assert_true(trusted("https://registry-1.docker.io",
			    "https://auth.docker.io/token", NULL));
	assert_true(trusted("https://registry.gitlab.com", "https://gitlab.com/jwt/auth",
			    NULL));
	assert_true(trusted("https://lscr.io", "https://ghcr.io/token", NULL));
	assert_true(trusted("https://quay.io", "https://quay.io/v2/auth", NULL));
	assert_true(trusted("https://r.a.co.uk", "https://auth.a.co.uk/", NULL));
	assert_true(trusted("http://10.0.0.1:5000", "http://10.0.0.1:5001/", NULL));
	assert_true(trusted("http://registry:5000", "http://registry:5001/", NULL));
	assert_true(trusted("http://a.example", "https://a.example/", NULL));
	assert_true(trusted("https://a.example", "https://sso.corp/", "SSO.corp"));
}

static void does_not_trust(void **state)
{
	assert_false(trusted("https://a.example.com", "https://evil.com/", NULL));
	assert_false(trusted("https://docker.io", "https://docker.io.evil.com/", NULL));
	assert_false(trusted("https://docker.io", "https://notdocker.io/", NULL));
	assert_false(trusted("https://a.co.uk", "https://evil.co.uk/", NULL));
	assert_false(trusted("https://ghcr.io", "https://lscr.io/token", NULL));
	assert_false(trusted("https://a.example", "http://a.example/", NULL));
	assert_false(trusted("https://a.example", "http://sso.corp/", "sso.corp"));
	assert_false(trusted("http://10.0.0.1", "http://11.0.0.1/", NULL));
	assert_false(trusted("http://[::1]", "http://[::2]/", NULL));
	assert_false(trusted("http://registry", "http://other/", NULL));
	assert_false(trusted("https://a.example", "https://sso.corp.evil/", "sso.corp"));
}

static void scopes(void **state)
{
	static const struct {
		const char *challenge, *want;
		struct realm_want is;
	} t[] = {
		{ "", "repository:library/redis:pull", { "library/redis", false, NULL } },
		{ "repository:library/redis:pull",
		  "repository:library/redis:pull",
		  { "library/redis", false, NULL } },
		{ "repository:library/redis:pull,push",
		  "repository:library/redis:pull,push",
		  { "library/redis", false, NULL } },
		{ "repository:user/image:pull",
		  "repository:a/b:pull",
		  { "a/b", false, NULL } },
		{ "repository:library/redis:pull",
		  "repository:library/red:pull",
		  { "library/red", false, NULL } },
		{ "aws", "aws", { "a/b", false, NULL } },
		{ "aws", "aws", { "a/b", true, NULL } },
		{ "", "repository:a/b:pull,push", { "a/b", true, NULL } },
		{ "repository:a/b:pull",
		  "repository:a/b:pull,push",
		  { "a/b", true, NULL } },
		{ "repository:a/b:pull,push repository:c:pull",
		  "repository:a/b:pull,push repository:c/d:pull",
		  { "a/b", true, "c/d" } },
		{ "repository:a/b:pull", "repository:a/b:pull", { "a/b", false, "c" } },
	};
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		realm_scope(t[i].challenge, &t[i].is, &out);
		assert_string_equal(buf_str(&out), t[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusts),
		cmocka_unit_test(does_not_trust),
		cmocka_unit_test(scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
