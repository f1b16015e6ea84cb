/* The platform in a User-Agent. */
#include "unit.h"

#include <string.h>

#include "server/agent.h"

static void says(const char *agent, const char *os, const char *arch)
{
	struct platform p;

	assert_true(agent_platform(view_of(agent), &p));
	assert_string_equal(p.os, os);
	assert_string_equal(p.arch, arch);
	assert_string_equal(p.variant, "");
}

static void dockers(void **state)
{
	says("docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-18-amd64 "
	     "os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24+dfsg1 "
	     "\\(linux\\))",
	     "linux", "amd64");
	says("docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/10.0 (19045.3803) "
	     "os/windows arch/arm64 UpstreamClient(x os/linux arch/s390x)",
	     "windows", "arm64");
	says("docker/1 \t arch/arm   os/linux", "linux", "arm");
}

static void says_nothing(const char *agent)
{
	struct platform p = { .os = "x", .arch = "y" };

	assert_false(agent_platform(view_of(agent), &p));
	assert_string_equal(p.os, "");
	assert_string_equal(p.arch, "");
}

static void others(void **state)
{
	struct platform p;

	says_nothing("");
	says_nothing("containerd/v1.7.24");
	says_nothing("Buildah/1.28.2 os/linux arch/amd64");
	says_nothing("docker/27 os/linux");
	says_nothing("docker/27 arch/amd64");
	says_nothing("docker/27 os/ arch/");
	says_nothing("docker/27 os/linux arch/arm/v7"); /* it never says so */
	says_nothing("docker/27 os/li/nux arch/amd64");
	says_nothing("docker/27 os/linux arch/\"amd64\"");
	says_nothing("docker/27 os/linux arch/../../x");
	says_nothing("docker/27 os/0123456789012345678901234567890123456789 arch/amd64");
	assert_false(agent_platform((struct view){ NULL, 0 }, &p));
}

static void long_ones(void **state)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	memcpy(text, "docker/1 ", 9);
	memcpy(text + 480, " os/linux arch/amd64 ", 21);
	text[599] = '\0';
	says(text, "linux", "amd64");
	memset(text + 480, 'x', 21);
	memcpy(text + 520, " os/linux arch/amd64 ", 21);
	says_nothing(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dockers),
		cmocka_unit_test(others),
		cmocka_unit_test(long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
