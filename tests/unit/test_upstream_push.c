/*
 * test_upstream_push.c - where an upload goes: the Location of a session.
 */
#include "unit.h"

#include "base/mem.h"
#include "upstream/push.h"
#include "upstream/url.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static const char *from = "https://r.example/v2/a/b/blobs/uploads/";

static enum err_kind where(const char *base, const char *location, struct buf *out)
{
	struct digest d;
	struct err e = { 0 };

	assert_int_equal(digest_parse(view_of(DIGEST), &d, NULL), 0);
	return push_location(base, view_of(location), &d, out, &e) == 0 ? ERR_NONE
									: e.kind;
}

static void goes(void **state)
{
	static const char *const t[][2] = {
		{ "/v2/a/b/blobs/uploads/x",
		  "https://r.example/v2/a/b/blobs/uploads/x?" },
		{ "x", "https://r.example/v2/a/b/blobs/uploads/x?" },
		{ "/u/x?_state=a%2Bb%3D", "https://r.example/u/x?_state=a%2Bb%3D&" },
		{ "https://r.example/u", "https://r.example/u?" },
		{ "https://R.example:443/u", "https://R.example:443/u?" },
		{ "http://r.example/u?s=1", "https://r.example:443/u?s=1&" },
		{ "http://r.example:80/u", "https://r.example:443/u?" },
	};
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(URL_MAX_BYTES);
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(mem_freep)
		char *want = mem_fmt("%sdigest=" DIGEST, t[i][1]);

		assert_int_equal(where(from, t[i][0], &out), ERR_NONE);
		assert_string_equal(buf_str(&out), want);
	}
}

static void goes_not(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(URL_MAX_BYTES);

	buf_adds(&out, "as it was");
	assert_int_equal(where(from, "", &out), ERR_UPSTREAM);
	assert_int_equal(where(from, "https://other.example/u", &out), ERR_INVALID);
	assert_int_equal(where(from, "https://r.example:8443/u", &out), ERR_INVALID);
	assert_int_equal(where(from, "//other.example/u", &out), ERR_INVALID);
	assert_int_equal(where(from, "ftp://r.example/u", &out), ERR_INVALID);
	assert_int_equal(where(from, "https://u:p@r.example/u", &out), ERR_INVALID);
	assert_int_equal(where("http://r:5000/v2/", "http://r:5001/u", &out),
			 ERR_INVALID);
	assert_string_equal(buf_str(&out), "as it was");
}

static void too_long(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(URL_MAX_BYTES);
	CLEANUP(mem_freep)
	char *location = mem_alloc(URL_MAX_BYTES);

	memset(location, 'a', URL_MAX_BYTES - 50);
	location[0] = '/';
	assert_int_equal(where(from, location, &out), ERR_UPSTREAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes),
		cmocka_unit_test(goes_not),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
