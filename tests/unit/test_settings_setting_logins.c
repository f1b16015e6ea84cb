/*
 * test_settings_setting_logins.c - several logins for one upstream.
 */
#include "settings_try.h"

#define ROOM (1 << 20)

static void assert_logins(const struct settings *s)
{
	const struct setting_upstream *u = settings_upstream(s, "docker.io");

	assert_non_null(u);
	assert_null(u->username);
	assert_int_equal(u->n_logins, 2);
	assert_string_equal(u->logins[0].username, "ann");
	assert_string_equal(u->logins[0].password, "pass[1");
	assert_int_equal(u->logins[0].n_names, 2);
	assert_string_equal(u->logins[0].names[1], "two/*");
	assert_string_equal(u->logins[1].username, "bob");
	assert_string_equal(u->logins[1].password, "from file");
	assert_int_equal(u->logins[1].n_names, 0);
}

static void test_several_logins(void **state)
{
	CLEANUP(mem_freep)
	char *secret = mem_dup(file_with("secret", "from file\n"));
	CLEANUP(mem_freep)
	char *list = mem_fmt("[{username: ann, password: 'pass[1', names: [one/**, "
			     "two/*]}, {username: bob, password-file: %s}]",
			     secret);
	CLEANUP(mem_freep)
	char *text =
		mem_fmt("version: 0.1\nlarder: {mirror: true, upstreams: {docker.io: "
			"{credentials: %s}}}\n",
			list);
	CLEANUP(mem_freep)
	char *variable = mem_fmt("LARDER_UPSTREAMS_DOCKER_IO_CREDENTIALS=%s", list);
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(ROOM);
	struct settings *s = load_file(text);

	assert_logins(s);
	assert_int_equal(settings_print(s, &out), 0);
	assert_non_null(strstr(buf_str(&out), "      credentials:\n"
					      "        - username: \"********\"\n"
					      "          password: \"********\"\n"
					      "          names:\n"
					      "            - \"one/**\"\n"));
	assert_null(strstr(buf_str(&out), "pass[1"));
	settings_free(s);

	s = load(ARGS("--mirror"),
		 ENV("DOCKER_USERNAME=me", "DOCKER_PASSWORD=x", variable));
	assert_logins(s);
	settings_free(s);
	/* One thing said later beats all of a list, and a list all of what was before. */
	s = load(ARGS(file_with("config.yml", text)),
		 ENV("LARDER_UPSTREAMS_DOCKER_IO_CREDENTIALS=me:x"));
	assert_int_equal(settings_upstream(s, "docker.io")->n_logins, 0);
	assert_string_equal(settings_upstream(s, "docker.io")->username, "me");
	settings_free(s);
	s = load(ARGS(file_with("config.yml",
				"version: 0.1\nlarder: {upstreams: {docker.io: "
				"{credentials: {username: me, password: x}}}}\n")),
		 ENV(variable));
	assert_logins(s);
	settings_free(s);
	assert_int_equal(unlink(secret), 0);
}

#define LOGINS "LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS="

static void test_bad_logins(void **state)
{
	static const struct {
		const char *variable, *says;
	} bad[] = {
		{ LOGINS "ann", "user:password, a map of" },
		{ LOGINS "[ann]", "list of maps" },
		{ LOGINS "[{password: x}]", "without a username" },
		{ LOGINS "[{username: ann}]", "must have a password" },
		{ LOGINS "[{username: ann, password: x, password-file: y}]",
		  "user ann: must have a password or a password-file" },
		{ LOGINS "[{username: 'a:b', password: x}]", "colon" },
		{ LOGINS "[{username: ann, password: [x]}]", "password: must be a text" },
		{ LOGINS "[{username: ann, password: x, name: y}]", "unknown key name" },
		{ LOGINS "[{username: ann, password: x, names: []}]",
		  "list of patterns" },
		{ LOGINS "[{username: ann, password: x, names: {a: b}}]", "patterns" },
		{ LOGINS "[{username: ann, password: x, names: ['a:1']}]",
		  "without a tag" },
		{ LOGINS "[{username: ann, password: x, names: ['a b']}]", "names: " },
		{ LOGINS "[{username: ann, password: x}, {username: bob, password: y}]",
		  "what stands after user ann is never used" },
		{ LOGINS "[{username: ann, password: x, names: [a]}, "
			 "{username: ann, password: x}]",
		  "user ann stands there twice" },
		{ LOGINS "[{username: ann, password-file: /nowhere}]",
		  "larder.upstreams.quay.io.credentials.password-file" },
		{ LOGINS "[{", "LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(ARGS(), ENV(bad[i].variable), bad[i].says, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_logins),
		cmocka_unit_test(test_bad_logins),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
