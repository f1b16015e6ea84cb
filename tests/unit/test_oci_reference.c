/* Names, references and hosts: the grammars' edges. */
#include "unit.h"

#include <stdio.h>

#include "oci/reference.h"

#define HEX256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void names(void **state)
{
	static const char *const good[] = {
		"a",
		"0",
		"library/python",
		"a.b/c_d/e__f/g-h/i---j",
		"a/b/c/d/e/f/g/h",
		"gcr.io/kaniko-project/executor",
		"v2",
	};
	static const char *const bad[] = {
		"",	  "/",	  "A",	      "a/",    "/a",   "a//b", "a.",
		".a",	  "a..b", "a___b",    "a._b",  "a-.b", "a_-b", "-a",
		"a-",	  "a-/b", "a/-b",     "a:b",   "a@b",  "a b",  "..",
		"a/../b", "a\n",  "\xc3\xa4", "a%2fb", "_a",   "a__",  "library/Python",
	};
	struct reponame n = { "kept" };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(reponame_parse(view_of(bad[i]), &n, &e), e, ERR_INVALID);
	assert_err(reponame_parse((struct view){ NULL, 0 }, &n, &e), e, ERR_INVALID);
	assert_err(reponame_parse((struct view){ "a\0b", 3 }, &n, &e), e, ERR_INVALID);
	assert_string_equal(n.s, "kept");
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(reponame_parse(view_of(good[i]), &n, &e), 0);
		assert_string_equal(n.s, good[i]);
	}
}

static void names_at_the_limit(void **state)
{
	char *text = unit_repeat('a', NAME_MAX_BYTES + 1);
	struct reponame n;
	struct err e = { 0 };

	assert_err(reponame_parse(view_of(text), &n, &e), e, ERR_INVALID);
	assert_int_equal(reponame_parse(view_of(text + 1), &n, &e), 0);
	assert_int_equal(strlen(n.s), NAME_MAX_BYTES);
	test_free(text);
}

static void references(void **state)
{
	static const char *const tags[] = { "latest", "3.11-slim", "_",	  "A",
					    "0",      "a..b",	   "v1_2" };
	static const char *const bad[] = {
		"",
		".a",
		"-a",
		"a/b",
		"a b",
		"a@b",
		"a+b",
		"a%3Ab",
		"a\n",
		"\xc3\xa4",
		":",
		"a:b",
		"sha256:",
		"sha256:baddigeststring",
		"latest:",
		"SHA256:" HEX256,
		"sha999:" HEX256,
	};
	char text[DIGEST_TEXT_MAX];
	struct reference r = { .tag = "kept" };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(reference_parse(view_of(bad[i]), &r, &e), e, ERR_INVALID);
	assert_err(reference_parse((struct view){ NULL, 0 }, &r, &e), e, ERR_INVALID);
	assert_string_equal(r.tag, "kept");
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		assert_int_equal(reference_parse(view_of(tags[i]), &r, &e), 0);
		assert_false(r.is_digest);
		reference_text(&r, text);
		assert_string_equal(text, tags[i]);
	}
	assert_int_equal(reference_parse(VIEW("sha256:" HEX256), &r, &e), 0);
	assert_true(r.is_digest);
	assert_string_equal(r.tag, "");
	reference_text(&r, text);
	assert_string_equal(text, "sha256:" HEX256);
}

static void tags_at_the_limit(void **state)
{
	char *text = unit_repeat('t', TAG_MAX_BYTES + 1), out[DIGEST_TEXT_MAX];
	struct reference r;
	struct err e = { 0 };

	assert_err(reference_parse(view_of(text), &r, &e), e, ERR_INVALID);
	assert_int_equal(reference_parse(view_of(text + 1), &r, &e), 0);
	reference_text(&r, out);
	assert_int_equal(strlen(out), TAG_MAX_BYTES);
	test_free(text);
}

static void hosts(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "docker.io", "docker.io" },
		{ "index.docker.io", "docker.io" },
		{ "Registry-1.Docker.io", "docker.io" },
		{ "GCR.io", "gcr.io" },
		{ "localhost", "localhost" },
		{ "cache:5000", "cache:5000" },
		{ "a-b.c9:65535", "a-b.c9:65535" },
		{ "127.0.0.1:1", "127.0.0.1:1" },
		{ "[::1]", "[::1]" },
		{ "[2001:DB8::1]:5000", "[2001:db8::1]:5000" },
		{ "1.2.3.4.example", "1.2.3.4.example" },
		{ "docker.io:443", "docker.io:443" },
	};
	char out[256];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(registry_host_parse(view_of(rows[i].text), out, &e), 0);
		assert_string_equal(out, rows[i].want);
	}
}

static void hosts_refused(void **state)
{
	static const char *const rows[] = {
		"",	      ".",
		"a.",	      ".a",
		"a..b",	      "-a",
		"a-",	      "a_b",
		"a/b",	      "/",
		"user@host",  "user:pw@host",
		"a b",	      " a",
		"a\t",	      "a\n",
		"a\x7f",      "a\xc3\xa4",
		"a:",	      "a:0",
		"a:65536",    "a:99999999999",
		"a:-1",	      "a:080",
		"a:80x",      "a:1:2",
		":5000",      "::1",
		"[::1",	      "::1]",
		"[]",	      "[::1]x",
		"[::1]:",     "[::1]:0",
		"[::1%eth0]", "[1.2.3.4]",
		"[a]",	      "[::1][",
		"256.1.1.1",  "1.2.3",
		"1",	      "1.2.3.4.5",
		"01.2.3.4",   "http://a",
		"a?b",	      "a#b",
		"a\\b",	      "a%2e",
		"*.a",
	};
	char out[256] = "kept";
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (registry_host_parse(view_of(rows[i]), out, &e) == 0)
			fail_msg("'%s' was taken for a host", rows[i]);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	assert_err(registry_host_parse((struct view){ NULL, 0 }, out, &e), e,
		   ERR_INVALID);
	assert_err(registry_host_parse((struct view){ "a\0b", 3 }, out, &e), e,
		   ERR_INVALID);
	assert_string_equal(out, "kept");
}

static void hosts_at_the_limit(void **state)
{
	char *text = unit_repeat('a', 256), out[256];
	struct err e = { 0 };
	size_t i;

	for (i = 63; i < 256; i += 64)
		text[i] = '.'; /* four labels of 63 and their dots: 256 bytes */
	assert_err(registry_host_parse(view_of(text), out, &e), e, ERR_INVALID);
	text[255] = '\0';
	assert_int_equal(registry_host_parse(view_of(text), out, &e), 0);
	assert_int_equal(strlen(out), 255);
	memset(text, 'a', 64);
	text[64] = '\0'; /* a label of 64 */
	assert_err(registry_host_parse(view_of(text), out, &e), e, ERR_INVALID);
	test_free(text);
}

static void loopback(void **state)
{
	static const char *const own[] = {
		"localhost",   "localhost:5000", "127.0.0.1",
		"127.1.2.3:1", "[::1]",		 "[::1]:5000"
	};
	static const char *const others[] = {
		"localhost.example.com", "localhosts:1", "127.example.com",
		"127.0.0.1.nip.io:5000", "1.127.0.0",	 "[::11]",
		"[fe80::1]:5000",	 "128.0.0.1",	 "cache:127",
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_true(registry_host_is_loopback(view_of(own[i])));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(registry_host_is_loopback(view_of(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(names_at_the_limit),
		cmocka_unit_test(references),
		cmocka_unit_test(tags_at_the_limit),
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_refused),
		cmocka_unit_test(hosts_at_the_limit),
		cmocka_unit_test(loopback),
	};

	return cmocka_run_group_tests_name("oci/reference", tests, NULL, NULL);
}
