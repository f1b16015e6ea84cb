/*
 * test_upstream_redirect.c - where redirects may lead and what stays behind.
 */
#include "unit.h"

#include "base/mem.h"
#include "upstream/redirect.h"

static int follow(struct redirect *r, const char *location, struct err *e)
{
	return redirect_follow(r, view_of(location), e);
}

static void same_origin_keeps(void **state)
{
	CLEANUP(redirect_done)
	struct redirect r;

	assert_int_equal(redirect_init(&r, "https://a.example/v2/x", NULL), 0);
	assert_int_equal(follow(&r, "/v2/y", NULL), 0);
	assert_false(r.foreign);
	assert_int_equal(follow(&r, "https://A.example:443/z", NULL), 0);
	assert_false(r.foreign);
	assert_string_equal(buf_str(&r.url), "https://A.example:443/z");
}

static void other_origin_drops_for_good(void **state)
{
	static const char *const other[] = {
		"https://b.example/",
		"https://a.example:444/",
		"https://sub.a.example/",
		"https://a.example.evil/",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(other); i++) {
		CLEANUP(redirect_done)
		struct redirect r;

		assert_int_equal(redirect_init(&r, "https://a.example/v2/x", NULL), 0);
		assert_int_equal(follow(&r, other[i], NULL), 0);
		assert_true(r.foreign);
		assert_int_equal(follow(&r, "https://a.example/back", NULL), 0);
		assert_true(r.foreign);
	}
}

static void scheme(void **state)
{
	CLEANUP(redirect_done)
	struct redirect r;
	struct err e = { 0 };

	assert_int_equal(redirect_init(&r, "http://a.example/", NULL), 0);
	assert_int_equal(follow(&r, "https://a.example/", NULL), 0);
	assert_true(r.foreign);
	assert_err(follow(&r, "http://a.example/", &e), e, ERR_UPSTREAM);
	assert_string_equal(buf_str(&r.url), "https://a.example/");
	assert_err(follow(&r, "file:///etc/passwd", &e), e, ERR_UPSTREAM);
	assert_err(follow(&r, "https://u:p@a.example/", &e), e, ERR_UPSTREAM);
	assert_err(follow(&r, "", &e), e, ERR_UPSTREAM);
}

static void loops_end(void **state)
{
	CLEANUP(redirect_done)
	struct redirect r;
	struct err e = { 0 };
	int i;

	assert_int_equal(redirect_init(&r, "https://a.example/", NULL), 0);
	for (i = 0; i < REDIRECT_MAX; i++)
		assert_int_equal(follow(&r, "/", NULL), 0);
	assert_err(follow(&r, "/", &e), e, ERR_LIMIT);
}

static void statuses(void **state)
{
	assert_true(redirect_is(307) && redirect_is(302) && redirect_is(301) &&
		    redirect_is(308) && redirect_is(303));
	assert_false(redirect_is(300) || redirect_is(304) || redirect_is(200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_origin_keeps),
		cmocka_unit_test(other_origin_drops_for_good),
		cmocka_unit_test(scheme),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
