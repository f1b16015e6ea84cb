/* Images as people write them. */
#include "unit.h"

#include "oci/imageref.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void read_and_written(void **state)
{
	static const struct {
		const char *text, *host, *name, *tag, *again;
		bool has_digest;
	} rows[] = {
		{ "python:3.11-slim", "", "python", "3.11-slim", "python:3.11-slim", 0 },
		{ "busybox", "", "busybox", "latest", "busybox:latest", 0 },
		{ "curlimages/curl", "", "curlimages/curl", "latest",
		  "curlimages/curl:latest", 0 },
		{ "gcr.io/kaniko-project/executor:v1.23.0", "gcr.io",
		  "kaniko-project/executor", "v1.23.0",
		  "gcr.io/kaniko-project/executor:v1.23.0", 0 },
		{ "localhost/x:1", "localhost", "x", "1", "localhost/x:1", 0 },
		{ "localhost:5000/x", "localhost:5000", "x", "latest",
		  "localhost:5000/x:latest", 0 },
		{ "index.docker.io/library/alpine:3.19", "docker.io", "library/alpine",
		  "3.19", "docker.io/library/alpine:3.19", 0 },
		{ "alpine@sha256:" HEX, "", "alpine", "", "alpine@sha256:" HEX, 1 },
		{ "alpine:3.19@sha256:" HEX, "", "alpine", "3.19",
		  "alpine:3.19@sha256:" HEX, 1 },
		{ "GHCR.io/a/b:T", "ghcr.io", "a/b", "T", "ghcr.io/a/b:T", 0 },
	};
	char text[IMAGEREF_TEXT_MAX];
	struct imageref r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(imageref_parse(view_of(rows[i].text), &r, NULL), 0);
		assert_string_equal(r.host, rows[i].host);
		assert_string_equal(r.name.s, rows[i].name);
		assert_string_equal(r.tag, rows[i].tag);
		assert_int_equal(r.has_digest, rows[i].has_digest);
		imageref_text(&r, text);
		assert_string_equal(text, rows[i].again);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		":",
		"@",
		"a:",
		":a",
		"Python",
		"a//b",
		"a b",
		"/a",
		"a/",
		"a@sha256:",
		"a@sha256:ab",
		"a@md5:abc",
		"../etc/passwd",
		"a:t t",
		"a:\xff",
		"a.b/",
		"a.b:x/c",
		"https://a/b",
	};
	struct imageref r = { .tag = "untouched" };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(imageref_parse(view_of(rows[i]), &r, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_non_null(strstr(e.msg, "is no image: "));
		assert_string_equal(r.tag, "untouched");
	}
}

static void what_is_asked_for(void **state)
{
	struct reference ref;
	struct imageref r;

	assert_int_equal(imageref_parse(view_of("a:t@sha256:" HEX), &r, NULL), 0);
	ref = imageref_reference(&r);
	assert_true(ref.is_digest);
	assert_int_equal(imageref_parse(view_of("a:t"), &r, NULL), 0);
	ref = imageref_reference(&r);
	assert_false(ref.is_digest);
	assert_string_equal(ref.tag, "t");
}

static void in_full(void **state)
{
	static const char *const rows[][2] = {
		{ "python:3", "docker.io/library/python:3" },
		{ "docker.io/python", "docker.io/library/python:latest" },
		{ "a/b:1", "docker.io/a/b:1" },
		{ "index.docker.io/library/a:1", "docker.io/library/a:1" },
		{ "quay.io/x:1", "quay.io/x:1" },
	};
	char text[IMAGEREF_TEXT_MAX], name[NAME_MAX_BYTES + 1];
	struct imageref r;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(imageref_parse(view_of(rows[i][0]), &r, NULL), 0);
		assert_int_equal(imageref_canonical(&r, &r, &e), 0);
		imageref_text(&r, text);
		assert_string_equal(text, rows[i][1]);
	}
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(imageref_parse(view_of(name), &r, NULL), 0);
	assert_int_equal(imageref_canonical(&r, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written),
		cmocka_unit_test(refused),
		cmocka_unit_test(what_is_asked_for),
		cmocka_unit_test(in_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
