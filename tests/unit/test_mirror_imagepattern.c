/* Patterns as people write them, over images as they are listed. */
#include "unit.h"

#include <stdio.h>

#include "mirror/imagepattern.h"

static bool match(const char *pattern, const char *shown, const char *tag, bool local)
{
	char text[200], *list[1] = { text };

	snprintf(text, sizeof(text), "%s", pattern);
	return imagepattern_match(list, 1, shown, tag, local);
}

static void docker_hub(void **state)
{
	assert_true(match("python:*", "python", "3", false));
	assert_true(match("docker.io/library/python:*", "python", "3", false));
	assert_true(match("docker.io/python", "python", "3", false));
	assert_true(match("docker.io/library/*:3", "python", "3", false));
	assert_true(match("docker.io/**", "python", "3", false));
	assert_true(match("docker.io/**", "team/app", "1", false));
	assert_true(match("docker.io/team/*", "team/app", "1", false));
	assert_true(match("docker.io/library/python", "python", "", false));
	assert_false(match("docker.io/library/*", "team/app", "1", false));
	assert_false(match("docker.io/library/python:2", "python", "3", false));
	assert_false(match("docker.io/library/python:3", "python", "", false));
	assert_false(match("docker.io/library/team/app", "team/app", "1", false));
}

/* What is of Docker Hub is not of another registry, and does not live here. */
static void of_others(void **state)
{
	assert_false(match("docker.io/**", "quay.io/team/app", "1", false));
	assert_false(match("docker.io/**", "localhost/app", "1", false));
	assert_false(match("docker.io/**", "hub:5000/app", "1", false));
	assert_false(match("docker.io/**", "team/app", "1", true));
	assert_false(match("docker.io/library/python", "python", "3", true));
	assert_true(match("**", "quay.io/team/app", "1", false));
	assert_true(match("quay.io/**", "quay.io/team/app", "1", false));
	assert_true(match("team/**", "team/app", "1", true));
	assert_false(match("docker.iox/**", "python", "3", false));
}

static void without_any(void **state)
{
	assert_true(imagepattern_match(NULL, 0, "python", "3", false));
	assert_true(imagepattern_match(NULL, 0, "team/app", "", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_hub),
		cmocka_unit_test(of_others),
		cmocka_unit_test(without_any),
	};

	return cmocka_run_group_tests_name("mirror/imagepattern", tests, NULL, NULL);
}
