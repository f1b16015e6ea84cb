/* Lists of texts in JSON, changed in the text. (What Docker's file needs of it is in
 * test_clients_docker.c.) */
#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "clients/jsontext.h"

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void put(const char *text, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);

	assert_int_equal(jsontext_put_first(view_of(text), "k", "v", same, &out, NULL),
			 0);
	assert_string_equal(buf_str(&out), want);
}

static void take(const char *text, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);

	assert_int_equal(jsontext_take(view_of(text), "k", "v", same, &out, NULL), 0);
	assert_string_equal(buf_str(&out), want);
}

static void first_of_the_list(void **state)
{
	put("{}", "{\n  \"k\": [\"v\"]\n}");
	put(" {\"a\":1}", " {\"k\": [\"v\"], \"a\":1}");
	put("{\"k\":[]}", "{\"k\":[\"v\"]}");
	put("{\"k\":[ ]}", "{\"k\":[\"v\"]}");
	put("{\"k\":[\"v\",\"w\"]}", "{\"k\":[\"v\",\"w\"]}");
	put("{\"k\":[\"w\",\"v\"]}", "{\"k\":[\"v\", \"w\"]}");
	put("{\"a\":-1.5e3,\"b\":null,\"c\":[{}],\"k\":[\"w\"]}",
	    "{\"a\":-1.5e3,\"b\":null,\"c\":[{}],\"k\":[\"v\", \"w\"]}");
}

static void taken_out(void **state)
{
	take("{}", "{}");
	take("{\"k\":[\"v\"]}", "{}");
	take("{\"k\":[\"v\"],\"a\":1}", "{\"a\":1}");
	take("{\"a\":1,\"k\":[\"v\"]}", "{\"a\":1}");
	take("{\"k\":[\"v\",\"w\"]}", "{\"k\":[\"w\"]}");
	take("{\"k\":[\"w\",\"v\"]}", "{\"k\":[\"w\"]}");
	take("{\"j\":[\"v\"]}", "{\"j\":[\"v\"]}");
}

static void is_there(void **state)
{
	assert_int_equal(
		jsontext_has(VIEW("{\"k\":[\"a\",\"v\"]}"), "k", "v", same, NULL), 1);
	assert_int_equal(jsontext_has(VIEW("{\"k\":[\"a\"]}"), "k", "v", same, NULL), 0);
	assert_int_equal(jsontext_has(VIEW("{}"), "k", "v", same, NULL), 0);
	assert_int_equal(jsontext_has(VIEW("{"), "k", "v", same, NULL), -1);
	assert_true(jsontext_is_empty(VIEW(" { \n}")));
	assert_true(jsontext_is_empty(VIEW("")));
	assert_false(jsontext_is_empty(VIEW("{\"a\":1}")));
}

static void limits(void **state)
{
	struct err e = { 0 };

	for (size_t limit = 0; limit < 16; limit++) {
		CLEANUP(buf_done)
		struct buf out = BUF_INIT(limit);

		assert_err(jsontext_put_first(VIEW("{\"k\":[\"w\"]}"), "k", "v", same,
					      &out, &e),
			   e, ERR_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_of_the_list),
		cmocka_unit_test(taken_out),
		cmocka_unit_test(is_there),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
