/* Platforms: spelling, and which entry of an index serves a wish. */
#include "unit.h"

#include "oci/platform.h"

static struct platform of(const char *text)
{
	struct platform p;

	assert_int_equal(platform_parse(view_of(text), &p, NULL), 0);
	return p;
}

static void text_and_back(void **state)
{
	static const char *const rows[] = { "linux/amd64", "linux/arm/v7",
					    "windows/amd64", "l/a.b_c-D9/v" };
	char text[100];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct platform p = of(rows[i]);

		platform_text(&p, text);
		assert_string_equal(text, rows[i]);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",	"linux",   "linux/", "/amd64",	  "/",	  "//",
		"a/b/", "a/b/c/d", "a b/c",  "linux/a\n", "l//c", "linux/amd64/"
	};
	struct platform p = of("linux/amd64");
	char *longer = unit_repeat('a', 34);
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_err(platform_parse(view_of(rows[i]), &p, &e), e, ERR_INVALID);
	assert_err(platform_parse((struct view){ NULL, 0 }, &p, &e), e, ERR_INVALID);
	longer[32] = '/'; /* 32 bytes and their NUL do not fit */
	assert_err(platform_parse(view_of(longer), &p, &e), e, ERR_INVALID);
	assert_int_equal(platform_parse(view_of(longer + 1), &p, &e), 0);
	assert_int_equal(strlen(p.os), 31);
	test_free(longer);
}

static void matches(void **state)
{
	static const struct {
		const char *have, *want;
		bool match;
	} rows[] = {
		{ "linux/amd64", "linux/amd64", true },
		{ "linux/amd64", "linux/arm64", false },
		{ "linux/amd64", "windows/amd64", false },
		{ "linux/arm/v7", "linux/arm", true },
		{ "linux/arm/v7", "linux/arm/v6", false },
		{ "linux/arm", "linux/arm/v7", false },
		{ "linux/arm64", "linux/arm64/v8", true },
		{ "linux/arm64/v8", "linux/arm64", true },
		{ "linux/arm64/v8", "linux/arm64/v8", true },
		{ "linux/arm64/v9", "linux/arm64/v8", false },
		{ "linux/arm64", "linux/arm64/v9", false },
		{ "linux/amd64", "linux/amd64/v8", false },
	};
	struct platform none = { "", "", "" };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct platform have = of(rows[i].have), want = of(rows[i].want);

		assert_int_equal(platform_match(&have, &want), rows[i].match);
		assert_false(platform_match(&none, &want));
	}
}

static void lists(void **state)
{
	struct platform p[2];
	struct err e;
	size_t n = 9;

	assert_int_equal(platform_list(VIEW("linux/amd64, linux/arm/v7"), p, 2, &n, &e),
			 0);
	assert_int_equal(n, 2);
	assert_string_equal(p[1].variant, "v7");
	assert_int_equal(platform_list(VIEW("a/b,a/b,a/b"), p, 2, &n, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_int_equal(platform_list(VIEW("a/b,"), p, 2, &n, &e), -1);
	assert_int_equal(platform_list(VIEW(""), p, 2, &n, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(matches),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("oci/platform", tests, NULL, NULL);
}
