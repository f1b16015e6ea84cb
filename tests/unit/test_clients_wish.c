/* Addresses of mirrors, certificates, registries. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "clients/wish.h"

static void mirrors(void **state)
{
	static const struct {
		const char *text, *url, *host;
		bool tls, loopback;
	} rows[] = {
		{ "http://127.0.0.1:5000", "http://127.0.0.1:5000", "127.0.0.1:5000",
		  false, true },
		{ "127.0.0.2:5000/", "http://127.0.0.2:5000", "127.0.0.2:5000", false,
		  true },
		{ "localhost:5000", "http://localhost:5000", "localhost:5000", false,
		  true },
		{ "http://[::1]:5000", "http://[::1]:5000", "[::1]:5000", false, true },
		{ "https://Larder.LAN", "https://larder.lan", "larder.lan", true, false },
		{ "localhost.lan:80", "http://localhost.lan:80", "localhost.lan:80",
		  false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct wish w = { 0 };

		assert_int_equal(wish_mirror(&w, view_of(rows[i].text), NULL), 0);
		assert_string_equal(w.url, rows[i].url);
		assert_string_equal(w.host, rows[i].host);
		assert_int_equal(w.tls, rows[i].tls);
		assert_int_equal(w.loopback, rows[i].loopback);
	}
}

static void no_mirrors(void **state)
{
	static const char *const rows[] = { "",	      "http://",	 "http://a/b",
					    "a:b:c",  "ftp://a",	 "http://a b",
					    "a\"b:1", "http://a:5000//", "a:99999999" };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct wish w = { 0 };

		assert_err(wish_mirror(&w, view_of(rows[i]), &e), e, ERR_INVALID);
	}
}

static void a_password_is_not_repeated(void **state)
{
	struct wish w = { 0 };
	struct err e = { 0 };

	assert_int_equal(wish_mirror(&w, VIEW("http://me:hunter2@a:5000"), &e), -1);
	assert_null(strstr(e.msg, "hunter2"));
}

static void certificates(void **state)
{
	struct wish w = { 0 };
	struct err e = { 0 };

	assert_err(wish_ca(&w, "/a", &e), e, ERR_INVALID);
	w.tls = true;
	assert_int_equal(wish_ca(&w, "/a b/c.pem", &e), 0);
	assert_err(wish_ca(&w, "/a\"b", &e), e, ERR_INVALID);
	assert_err(wish_ca(&w, "/a\nb", &e), e, ERR_INVALID);
	assert_string_equal(w.ca, "/a b/c.pem");
}

static void registries(void **state)
{
	struct wish w = { 0 };
	struct err e = { 0 };
	char name[32];

	assert_int_equal(wish_add(&w, VIEW("index.docker.io"), &e), 0);
	assert_int_equal(wish_add(&w, VIEW("DOCKER.io"), &e), 0);
	assert_int_equal(w.n, 1);
	assert_true(wish_has(&w, VIEW("docker.io")));
	assert_err(wish_add(&w, VIEW("a/b"), &e), e, ERR_INVALID);
	assert_err(wish_add(&w, VIEW("a\"]"), &e), e, ERR_INVALID);
	while (w.n < WISH_MAX_REGISTRIES) {
		snprintf(name, sizeof(name), "r%zu.example:5000", w.n);
		assert_int_equal(wish_add(&w, view_of(name), &e), 0);
	}
	assert_err(wish_add(&w, VIEW("over.example"), &e), e, ERR_LIMIT);
	assert_int_equal(wish_add(&w, VIEW("docker.io"), &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mirrors),
		cmocka_unit_test(no_mirrors),
		cmocka_unit_test(a_password_is_not_repeated),
		cmocka_unit_test(certificates),
		cmocka_unit_test(registries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
