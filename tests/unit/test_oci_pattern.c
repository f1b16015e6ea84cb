/*
 * test_oci_pattern.c - what globs match, and what they do not.
 */
#include "oci/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void test_match(void **state)
{
	static const struct {
		const char *pattern, *host, *name, *tag;
		bool match;
	} cases[] = {
		{ "docker.io/library/*:latest", "docker.io", "library/python", "latest",
		  true },
		{ "docker.io/library/*:latest", "docker.io", "library/python", "3",
		  false },
		{ "docker.io/library/*:latest", "docker.io", "library/a/b", "latest",
		  false },
		{ "docker.io/library/*", "docker.io", "library/python", "3.11-slim",
		  true },
		{ "docker.io/*", "docker.io", "library/python", "3", false },
		{ "docker.io/**", "docker.io", "library/python", "3", true },
		{ "**", "docker.io", "library/python", "3", true },
		{ "**:3*", "docker.io", "library/python", "3.11", true },
		{ "**:3*", "docker.io", "library/python", "2", false },
		{ "**/python", "docker.io", "library/python", "3", true },
		{ "**/pytho", "docker.io", "library/python", "3", false },
		{ "*/*/python", "docker.io", "library/python", "3", true },
		{ "localhost:5000/a", "localhost:5000", "a", "x", true },
		{ "localhost:5000/a:y", "localhost:5000", "a", "x", false },
		{ "host/team-?/x", "host", "team-1/x", "t", true },
		{ "host/team-?/x", "host", "team-/x", "t", false },
		{ "host/team?x", "host", "team/x", "t", false },
		{ "a/*", NULL, "a/b", "t", true },
		{ "a/b:", NULL, "a/b", "t", false },
		{ "a/b", NULL, "a/b", "t", true },
		{ "a/b", NULL, "a/bc", "t", false },
		{ "a/b*", NULL, "a/b", "t", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (pattern_match_tag(cases[i].pattern, cases[i].host, cases[i].name,
				      cases[i].tag) != cases[i].match)
			fail_msg("%s and %s", cases[i].pattern, cases[i].name);
	assert_true(pattern_match_name("team/**", "team/a/b"));
	assert_false(pattern_match_name("team/**", "team"));
	assert_true(pattern_match_name("a:b", "a"));
}

/* A backtracking matcher would not come back from this. */
static void test_time(void **state)
{
	char pattern[PATTERN_MAX_BYTES + 1] = "", text[256];

	for (size_t i = 0; i + 3 < sizeof(pattern); i += 3)
		memcpy(pattern + i, "**a", 4);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_true(pattern_match_name(pattern, text));
	text[sizeof(text) - 2] = 'b';
	assert_false(pattern_match_name(pattern, text));
}

static void test_limits(void **state)
{
	char pattern[PATTERN_MAX_BYTES + 2], text[5000];

	memset(pattern, 'a', sizeof(pattern));
	pattern[PATTERN_MAX_BYTES] = '\0';
	assert_int_equal(pattern_check(pattern, NULL), 0);
	pattern[PATTERN_MAX_BYTES] = 'a';
	pattern[PATTERN_MAX_BYTES + 1] = '\0';
	assert_int_equal(pattern_check(pattern, NULL), -1);
	assert_int_equal(pattern_check("", NULL), -1);
	assert_int_equal(pattern_check("a b", NULL), -1);
	assert_int_equal(pattern_check("[::1]:5000/a:T_1-*", NULL), 0);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_false(pattern_match_name("**", text));
	assert_false(pattern_match_tag("**", text, "a", "t"));
}

static void test_tag_part(void **state)
{
	assert_true(pattern_has_tag("a/b:*"));
	assert_true(pattern_has_tag("b:c"));
	assert_false(pattern_has_tag("a:5/b"));
	assert_false(pattern_has_tag("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tag_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
