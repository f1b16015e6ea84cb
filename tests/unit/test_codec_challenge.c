/* WWW-Authenticate, as registries were seen to send it, and as they should not. */
#include "unit.h"

#include <stdio.h>

#include "codec/challenge.h"

static struct challenge c;

static void parse(const char *header)
{
	memset(&c, 0, sizeof(c));
	challenge_parse(view_of(header), &c);
}

static void assert_bearer(const char *realm, const char *service, const char *scope)
{
	assert_true(c.bearer);
	assert_string_equal(c.realm, realm);
	assert_string_equal(c.service, service);
	assert_string_equal(c.scope, scope);
}

static void assert_no_bearer(void)
{
	assert_false(c.bearer);
	assert_string_equal(c.realm, "");
	assert_string_equal(c.service, "");
	assert_string_equal(c.scope, "");
	assert_string_equal(c.error, "");
}

static void as_registries_send_it(void **state)
{
	parse("Bearer "
	      "realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"");
	assert_bearer("https://auth.docker.io/token", "registry.docker.io", "");
	assert_false(c.basic);
	parse("Bearer "
	      "realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
	      "scope=\"repository:library/redis:pull\",error=\"invalid_token\"");
	assert_bearer("https://auth.docker.io/token", "registry.docker.io",
		      "repository:library/redis:pull");
	assert_string_equal(c.error, "invalid_token");
	parse("Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","
	      "scope=\"repository:user/image:pull\"");
	assert_bearer("https://ghcr.io/token", "ghcr.io", "repository:user/image:pull");
	parse("Bearer realm=\"https://gcr.io/v2/token\",service=gcr.io");
	assert_bearer("https://gcr.io/v2/token", "gcr.io", "");
	parse("Bearer realm=\"https://us-docker.pkg.dev/v2/token\"");
	assert_bearer("https://us-docker.pkg.dev/v2/token", "", "");
	parse("Bearer realm=\"https://public.ecr.aws/token/\","
	      "service=\"public.ecr.aws\",scope=\"aws\"");
	assert_bearer("https://public.ecr.aws/token/", "public.ecr.aws", "aws");
	parse("Bearer "
	      "realm=\"https://gitlab.com/jwt/auth\",service=\"container_registry\"");
	assert_bearer("https://gitlab.com/jwt/auth", "container_registry", "");
}

static void several_in_a_line(void **state)
{
	parse("Basic realm=\"x\", Bearer "
	      "realm=\"https://quay.io/v2/auth\",service=\"quay.io\"");
	assert_true(c.basic);
	assert_bearer("https://quay.io/v2/auth", "quay.io", "");
	parse("Bearer realm=\"r\",service=\"s\", Basic realm=\"x\"");
	assert_true(c.basic);
	assert_bearer("r", "s", "");
	parse("Negotiate, Basic, Digest realm=\"d\", nonce=\"n,\", Bearer realm=r");
	assert_true(c.basic);
	assert_bearer("r", "", "");
	parse("Bearer realm=\"first\", Bearer realm=\"second\",scope=\"two\"");
	assert_bearer("first", "", "");
	parse("Basic realm=\"x\" Bearer realm=\"no comma\"");
	assert_true(c.basic);
	assert_bearer("no comma", "", "");
	parse("Negotiate oRswGaADCgEA/+==, Bearer realm=\"r\"");
	assert_bearer("r", "", "");
	assert_false(c.basic);
}

static void several_lines(void **state)
{
	memset(&c, 0, sizeof(c));
	challenge_parse(VIEW("Basic realm=\"x\""), &c);
	challenge_parse(VIEW("Bearer realm=\"r\""), &c);
	challenge_parse(VIEW("Bearer realm=\"late\",service=\"s\""), &c);
	challenge_parse(VIEW("garbage"), &c);
	assert_true(c.basic);
	assert_bearer("r", "", "");
}

static void spelling(void **state)
{
	parse("bEARER REALM=\"r\" , Service = \"s\"\t,\tscope=\"a b,c=d\"");
	assert_bearer("r", "s", "a b,c=d");
	parse("Bearer realm=\"a\\\"b\\\\c\",service=\"x\\y\"");
	assert_bearer("a\"b\\c", "xy", "");
	parse("Bearer realm=https://h/t?a=b,service=s scope=no-comma");
	assert_bearer("https://h/t?a=b", "s", "no-comma");
	parse(",, Bearer ,realm=\"r\",,");
	assert_bearer("r", "", "");
	parse("Bearer realm=\"r\",realm=\"again\",unknown=\"Basic\",x=Basic");
	assert_bearer("r", "", "");
	assert_false(c.basic);
	parse("Bearer error=\"insufficient_scope\",realm=\"r\"");
	assert_string_equal(c.error, "insufficient_scope");
}

static void nothing_usable(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		",",
		"=",
		"\"",
		"\\",
		"Bearer",
		"Bearer ",
		"Bearer realm",
		"Bearer realm=",
		"Bearer realm=\"",
		"Bearer realm=\"unterminated",
		"Bearer realm=\"\\",
		"Bearer realm=\"\"",
		"realm=\"r\"",
		"Bearers realm=\"r\"",
		"Bearer=realm=\"r\"",
		"Bearer service=\"s\"",
		"\"Bearer realm=r\"",
		"Bearer realm=\"a\rb\"",
		"Bearer realm=\"r\",service=\"unterminated",
		"Negotiate Bearer realm",
		"\x80\xff Bearer",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse(rows[i]);
		assert_no_bearer();
		assert_false(c.basic);
	}
	memset(&c, 0, sizeof(c));
	challenge_parse((struct view){ NULL, 0 }, &c);
	challenge_parse((struct view){ "Bearer realm=\"a\0b\"", 18 }, &c);
	assert_no_bearer();
}

static void values_at_their_limit(void **state)
{
	char *fits = unit_repeat('r', CHALLENGE_VALUE_MAX - 1);
	char *over = unit_repeat('r', CHALLENGE_VALUE_MAX);
	char header[4000];

	snprintf(header, sizeof(header), "Bearer realm=\"%s\",service=%s", fits, fits);
	parse(header);
	assert_bearer(fits, fits, "");
	snprintf(header, sizeof(header), "Bearer realm=\"%s\", Basic", over);
	parse(header);
	assert_no_bearer();
	assert_true(c.basic);
	snprintf(header, sizeof(header), "Bearer realm=r,scope=%s, Bearer realm=\"next\"",
		 over);
	parse(header);
	assert_bearer("next", "", "");
	snprintf(header, sizeof(header), "Bearer realm=r,error=\"%s\",other=\"%s\"", fits,
		 over);
	parse(header);
	assert_bearer("r", "", "");
	assert_string_equal(c.error, "");
	test_free(fits);
	test_free(over);
}

static void a_line_is_read_for_8_kib(void **state)
{
	char *line = unit_repeat(' ', 10000);

	memcpy(line + 8192 - 15, "Bearer realm=\"r\"", 16); /* one byte too far */
	parse(line);
	assert_no_bearer();
	memcpy(line, "Bearer realm=\"first\", Basic, ", 29);
	parse(line);
	assert_bearer("first", "", "");
	assert_true(c.basic);
	line[8192] = '\0';
	memset(line, ' ', 8192);
	memcpy(line + 8192 - 16, "Bearer realm=\"r\"", 16);
	parse(line);
	assert_bearer("r", "", "");
	test_free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_registries_send_it),
		cmocka_unit_test(several_in_a_line),
		cmocka_unit_test(several_lines),
		cmocka_unit_test(spelling),
		cmocka_unit_test(nothing_usable),
		cmocka_unit_test(values_at_their_limit),
		cmocka_unit_test(a_line_is_read_for_8_kib),
	};

	return cmocka_run_group_tests_name("codec/challenge", tests, NULL, NULL);
}
