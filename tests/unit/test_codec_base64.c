/* Base64: the vectors of RFC 4648 section 10, padding, limits. */
#include "unit.h"

#include "base/mem.h"
#include "codec/base64.h"

static const struct {
	const char *plain, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void vectors_both_ways(void **state)
{
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		CLEANUP(buf_done)
		struct buf b = BUF_INIT(8);
		struct view text = view_of(vectors[i].text);

		assert_int_equal(
			base64_encode(vectors[i].plain, strlen(vectors[i].plain), &b), 0);
		assert_string_equal(buf_str(&b), vectors[i].text);
		buf_clear(&b);
		assert_int_equal(base64_decode(text, &b, &e), 0);
		assert_string_equal(buf_str(&b), vectors[i].plain);
		buf_clear(&b);
		text.n = strcspn(vectors[i].text, "=");
		assert_int_equal(base64_decode(text, &b, &e), 0);
		assert_string_equal(buf_str(&b), vectors[i].plain);
	}
}

static void every_byte_and_it_appends(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1000);
	CLEANUP(buf_done)
	struct buf back = BUF_INIT(1000);
	unsigned char all[256];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	assert_int_equal(base64_encode(all, sizeof(all), &text), 0);
	assert_non_null(strchr(buf_str(&text), '+'));
	assert_non_null(strchr(buf_str(&text), '/'));
	assert_int_equal(buf_adds(&back, "x"), 0);
	assert_int_equal(base64_decode(buf_view(&text), &back, &e), 0);
	assert_int_equal(back.n, 257);
	assert_memory_equal(back.p + 1, all, sizeof(all));
}

static void limits(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(7);
	struct err e = { 0 };

	assert_int_equal(base64_encode("abcdef", 6, &b), -1);
	assert_int_equal(base64_encode("abc", 3, &b), 0);
	assert_int_equal(base64_encode("a", 1, &b), -1);
	assert_string_equal(buf_str(&b), "YWJj");
	assert_int_equal(base64_encode("", SIZE_MAX, &b), -1);
	b.limit = 6;
	assert_err(base64_decode(VIEW("YWJj"), &b, &e), e, ERR_LIMIT);
	b.limit = 7;
	assert_int_equal(base64_decode(VIEW("YWJj"), &b, &e), 0);
	assert_string_equal(buf_str(&b), "YWJjabc");
}

static void refused_and_untouched(void **state)
{
	static const char *const bad[] = { "A",	   "AAAAA", "AA=",     "AAA==", "====",
					   "A===", "=",	    "AA A",    "AA\nA", "AA-_",
					   "A=AA", "AAA*",  "AAAA====" };
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(100);
	struct err e = { 0 };
	size_t i;

	assert_int_equal(buf_adds(&b, "kept"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(base64_decode(view_of(bad[i]), &b, &e), e, ERR_INVALID);
		assert_string_equal(buf_str(&b), "kept");
	}
	assert_err(base64_decode((struct view){ "AA\0A", 4 }, &b, &e), e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_both_ways),
		cmocka_unit_test(every_byte_and_it_appends),
		cmocka_unit_test(limits),
		cmocka_unit_test(refused_and_untouched),
	};

	return cmocka_run_group_tests_name("codec/base64", tests, NULL, NULL);
}
