/*
 * test_upstream_cred.c - credentials of the settings, of config.json and of helpers.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "tmpdir.h"
#include "upstream/cred.h"
#include "upstream/gate.h"
#include "upstream/helper.h"

static char config_path[128];

static void write_config(struct tmpdir *t, const char *text)
{
	snprintf(config_path, sizeof(config_path), "%s/config.json", t->path);
	assert_int_equal(
		fs_write(t->fd, ".", "config.json", text, strlen(text), false, NULL), 0);
}

/* A helper in a directory that is first in PATH; it counts its runs in a file. */
static void write_helper(struct tmpdir *t, const char *name, const char *body)
{
	CLEANUP(mem_freep)
	char *file = mem_fmt("docker-credential-%s", name);
	CLEANUP(mem_freep)
	char *text = mem_fmt("#!/bin/sh\necho run >>'%s/runs'\nread server\n%s\n",
			     t->path, body);
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s:/usr/bin:/bin", t->path);

	assert_int_equal(fs_write(t->fd, ".", file, text, strlen(text), false, NULL), 0);
	assert_int_equal(fchmodat(t->fd, file, 0755, 0), 0);
	setenv("PATH", path, 1);
}

static size_t runs(struct tmpdir *t)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(4096);

	return fs_read(t->fd, "runs", &text, NULL) == 0 ? text.n / 4 : 0;
}

/* What config says of host, "user:password", "token:…" or "" for none; NULL: it failed.
 */
static const char *ask(struct tmpdir *t, const char *host, const char *config,
		       struct err *e)
{
	static char out[256];
	struct cred_source *s;
	struct cred c;
	int rc;

	write_config(t, config);
	s = cred_source_new(host, NULL, NULL, config_path);
	rc = cred_get(s, 0, &c, e);
	out[0] = '\0';
	if (rc == 0 && c.identity != NULL)
		snprintf(out, sizeof(out), "token:%s", c.identity);
	else if (rc == 0 && c.username != NULL)
		snprintf(out, sizeof(out), "%s:%s", c.username, c.password);
	assert_int_equal(rc == 0 && !cred_is_none(&c), c.id[0] != '\0');
	cred_done(&c);
	cred_source_free(s);
	return rc == 0 ? out : NULL;
}

static void settings_win(void **state)
{
	struct cred_source *s = cred_source_new("h", "u", "p", "/nowhere");
	struct cred c;

	assert_int_equal(cred_get(s, 0, &c, NULL), 0);
	assert_string_equal(c.username, "u");
	assert_string_equal(c.password, "p");
	cred_done(&c);
	cred_source_free(s);
	s = cred_source_new("h", NULL, NULL, "/nowhere/config.json");
	assert_int_equal(cred_get(s, 0, &c, NULL), 0);
	assert_true(cred_is_none(&c));
	cred_source_free(s);
}

static void file_forms(void **state)
{
	struct tmpdir *t = *state;

	/* "dXNlcjpwYTpzcw==" is user:pa:ss */
	assert_string_equal(
		ask(t, "quay.io",
		    "{\"auths\":{\"quay.io\":{\"auth\":\"dXNlcjpwYTpzcw==\"}}}", NULL),
		"user:pa:ss");
	assert_string_equal(
		ask(t, "docker.io",
		    "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"}}}",
		    NULL),
		"u:p");
	assert_string_equal(ask(t, "docker.io",
				"{\"auths\":{\"docker.io\":{\"auth\":\"dTpw\"}}}", NULL),
			    "u:p");
	assert_string_equal(ask(t, "r:5000",
				"{\"auths\":{\"https://r:5000/v2/\":{\"username\":\"a\","
				"\"password\":\"b\"}}}",
				NULL),
			    "a:b");
	assert_string_equal(ask(t, "r",
				"{\"auths\":{\"r\":{\"auth\":\"dTpw\","
				"\"identitytoken\":\"idt\"}}}",
				NULL),
			    "token:idt");
	/* Somebody else's, a name space's, and an empty entry are no credentials. */
	assert_string_equal(ask(t, "r",
				"{\"auths\":{\"r/team\":{\"auth\":\"dTpw\"},"
				"\"q\":{\"auth\":\"dTpw\"},\"r\":{}}}",
				NULL),
			    "");
	assert_string_equal(ask(t, "r", "{}", NULL), "");
}

static void bad_files(void **state)
{
	struct tmpdir *t = *state;
	struct err e = { 0 };

	assert_null_err(ask(t, "r", "not json", &e), e, ERR_DENIED);
	assert_null_err(ask(t, "r", "{\"auths\":{\"r\":{\"auth\":\"!!\"}}}", &e), e,
			ERR_DENIED);
	assert_null_err(ask(t, "r", "{\"auths\":{\"r\":{\"auth\":\"dXNlcg==\"}}}", &e), e,
			ERR_DENIED);
}

static void helpers(void **state)
{
	struct tmpdir *t = *state;
	struct err e = { 0 };

	write_helper(t, "good",
		     "[ $1 = get ] && echo \"{\\\"ServerURL\\\":\\\"$server\\\","
		     "\\\"Username\\\":\\\"$server\\\",\\\"Secret\\\":\\\"s\\\"}\"");
	assert_string_equal(
		ask(t, "r.example", "{\"credHelpers\":{\"r.example\":\"good\"}}", &e),
		"r.example:s");
	assert_string_equal(ask(t, "docker.io", "{\"credsStore\":\"good\"}", &e),
			    "https://index.docker.io/v1/:s");
	write_helper(t, "idt", "echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'");
	assert_string_equal(ask(t, "r", "{\"credsStore\":\"idt\"}", &e), "token:t");
	write_helper(t, "none", "echo credentials not found in native keychain; exit 1");
	assert_string_equal(ask(t, "r", "{\"credsStore\":\"none\"}", &e), "");
	assert_string_equal(ask(t, "r",
				"{\"credsStore\":\"none\",\"auths\":{\"r\":"
				"{\"auth\":\"dTpw\"}}}",
				&e),
			    "u:p");
}

static void bad_helpers(void **state)
{
	struct tmpdir *t = *state;
	struct err e = { 0 };

	assert_null_err(ask(t, "r", "{\"credsStore\":\"not-there\"}", &e), e, ERR_DENIED);
	assert_null_err(ask(t, "r", "{\"credsStore\":\"../x\"}", &e), e, ERR_DENIED);
	write_helper(t, "sick", "exit 3");
	assert_null_err(ask(t, "r", "{\"credsStore\":\"sick\"}", &e), e, ERR_DENIED);
	write_helper(t, "talks",
		     "while :; do echo 0123456789012345678901234567890; done");
	assert_null_err(ask(t, "r", "{\"credsStore\":\"talks\"}", &e), e, ERR_DENIED);
	write_helper(t, "junk", "echo '{}'");
	assert_null_err(ask(t, "r", "{\"credsStore\":\"junk\"}", &e), e, ERR_DENIED);
	assert_true(helper_name_ok("ecr-login") && helper_name_ok("a.b_c"));
	assert_false(helper_name_ok("") || helper_name_ok("a/b") ||
		     helper_name_ok("a b"));
}

static void kept_until_the_file_changes(void **state)
{
	struct tmpdir *t = *state;
	struct cred_source *s;
	struct cred c;
	int i;

	write_helper(t, "count", "echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
	write_config(t, "{\"credsStore\":\"count\"}");
	s = cred_source_new("r", NULL, NULL, config_path);
	for (i = 0; i < 3; i++) {
		assert_int_equal(cred_get(s, 0, &c, NULL), 0);
		cred_done(&c);
	}
	assert_int_equal(runs(t), 1);
	write_config(t, "{\"credsStore\":\"count\", \"more\":1}");
	assert_int_equal(cred_get(s, 0, &c, NULL), 0);
	cred_done(&c);
	assert_int_equal(runs(t), 2);
	assert_int_equal(unlinkat(t->fd, "config.json", 0), 0);
	assert_int_equal(cred_get(s, 0, &c, NULL), 0);
	assert_true(cred_is_none(&c));
	cred_source_free(s);
}

static void *stop_soon(void *arg)
{
	usleep(200000);
	gate_stop();
	return NULL;
}

/* A helper that hangs, with a child of its own that holds the pipe, dies with the stop.
 */
static void stopped(void **state)
{
	struct tmpdir *t = *state;
	int64_t began = clock_mono_ms();
	struct err e = { 0 };
	pthread_t thread;

	write_helper(t, "hangs", "sleep 1000 & sleep 1000");
	pthread_create(&thread, NULL, stop_soon, NULL);
	assert_null_err(ask(t, "r", "{\"credsStore\":\"hangs\"}", &e), e, ERR_CANCELLED);
	assert_in_range(clock_mono_ms() - began, 100, 5000);
	pthread_join(thread, NULL);
	gate_open();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_win),
		cmocka_unit_test_setup_teardown(file_forms, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(bad_files, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(helpers, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(bad_helpers, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(kept_until_the_file_changes, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(stopped, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
