/*
 * test_upstream_url.c - reading, resolving and showing URLs.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "upstream/url.h"

static void reads(void **state)
{
	struct url u;

	assert_int_equal(url_parse("https://Registry-1.Docker.io/v2/", &u, NULL), 0);
	assert_true(u.https);
	assert_int_equal(u.port, 443);
	assert_string_equal(u.host, "registry-1.docker.io");
	assert_int_equal(url_parse("http://[::1]:5000", &u, NULL), 0);
	assert_false(u.https);
	assert_int_equal(u.port, 5000);
	assert_string_equal(u.host, "[::1]");
	assert_true(url_host_is_ip(u.host));
	assert_true(url_host_is_ip("10.0.0.1"));
	assert_false(url_host_is_ip("10.example"));
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"/v2/",
		"ftp://host/",
		"file:///etc/passwd",
		"https://user:pass@host/",
		"https://",
		"https://host:99999/",
		"https://ho st/",
		"https://host/\r\nX: y",
	};
	CLEANUP(mem_freep)
	char *path = NULL;
	char *fill = unit_repeat('a', URL_MAX_BYTES);
	struct url u;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(url_parse(bad[i], &u, &e), e, ERR_INVALID);
	path = mem_fmt("https://h/%s", fill);
	assert_err(url_parse(path, &u, &e), e, ERR_INVALID);
	path[URL_MAX_BYTES] = '\0';
	assert_int_equal(url_parse(path, &u, &e), 0);
	test_free(fill);
}

static void resolves(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(URL_MAX_BYTES);
	const char *base = "https://h.example:5000/v2/a/blobs/x?y=1";

	assert_int_equal(url_resolve(base, VIEW("/other?sig=a%2Fb%20+c"), &out, NULL), 0);
	assert_string_equal(buf_str(&out), "https://h.example:5000/other?sig=a%2Fb%20+c");
	assert_int_equal(url_resolve(base, VIEW("//cdn.example/z"), &out, NULL), 0);
	assert_string_equal(buf_str(&out), "https://cdn.example/z");
	assert_int_equal(url_resolve(base, VIEW("http://x/a/../b?q#f"), &out, NULL), 0);
	assert_string_equal(buf_str(&out), "http://x/a/../b?q");
	assert_int_equal(url_resolve(base, VIEW("https://u:p@x/"), &out, NULL), -1);
}

static void shows_no_query(void **state)
{
	char out[URL_SHOWN_MAX];

	url_show("https://cdn.example/data?verify=1-secret", out);
	assert_string_equal(out, "https://cdn.example/data");
	url_show("http://h:81/x#secret", out);
	assert_string_equal(out, "http://h:81/x");
	url_show("https://u:secret@h/x", out);
	assert_null(strstr(out, "secret"));
}

static void adds_query(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(URL_MAX_BYTES);
	const char *next;

	assert_int_equal(url_add_query("https://a/token", "scope", "repository:a/b:pull",
				       &out, NULL),
			 0);
	next = "https://a/token?scope=repository%3aa%2fb%3apull";
	assert_int_equal(strcasecmp(buf_str(&out), next), 0);
	assert_int_equal(
		url_add_query("https://a/token?x=1", "account", "a&b=c d", &out, NULL),
		0);
	assert_int_equal(
		strcasecmp(buf_str(&out), "https://a/token?x=1&account=a%26b%3dc+d"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),      cmocka_unit_test(refuses),
		cmocka_unit_test(resolves),   cmocka_unit_test(shows_no_query),
		cmocka_unit_test(adds_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
