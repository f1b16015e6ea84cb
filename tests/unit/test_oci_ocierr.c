/* Error bodies as clients read them. */
#include "unit.h"

#include "base/mem.h"
#include "codec/json.h"
#include "oci/ocierr.h"

static void bodies(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1000);

	assert_int_equal(ocierr_body(&b, OCIERR_BLOB_UNKNOWN, "not here", NULL), 0);
	assert_string_equal(buf_str(&b), "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\","
					 "\"message\":\"not here\"}]}\n");
	buf_clear(&b);
	assert_int_equal(ocierr_body(&b, OCIERR_DENIED, "a\"b", "c\nd"), 0);
	assert_string_equal(buf_str(&b),
			    "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"a\\\"b\","
			    "\"detail\":\"c\\u000ad\"}]}\n");
}

static void every_code_has_a_word_and_makes_json(void **state)
{
	int code;

	for (code = 0; code <= OCIERR_UNKNOWN; code++) {
		CLEANUP(buf_done)
		struct buf b = BUF_INIT(1000);
		CLEANUP(json_freep)
		struct json *d = NULL;
		const char *word = ocierr_word((enum ocierr_code)code);

		assert_int_equal(ocierr_body(&b, (enum ocierr_code)code, "m", "d"), 0);
		d = json_parse(buf_view(&b), NULL);
		assert_non_null(d);
		assert_string_equal(
			json_get_str(json_at(json_get(d, "errors"), 0), "code"), word);
	}
	assert_string_equal(ocierr_word(OCIERR_TOOMANYREQUESTS), "TOOMANYREQUESTS");
	assert_string_equal(ocierr_word(OCIERR_MANIFEST_BLOB_UNKNOWN),
			    "MANIFEST_BLOB_UNKNOWN");
}

static void whole_or_not_at_all(void **state)
{
	struct buf whole = BUF_INIT(1000), b;
	size_t limit;

	assert_int_equal(ocierr_body(&whole, OCIERR_UNKNOWN, "m", "d"), 0);
	for (limit = 1; limit < whole.n + 1; limit++) {
		buf_init(&b, limit);
		assert_int_equal(buf_adds(&b, "x"), 0);
		assert_int_equal(ocierr_body(&b, OCIERR_UNKNOWN, "m", "d"), -1);
		assert_string_equal(buf_str(&b), "x");
		buf_done(&b);
	}
	buf_init(&b, whole.n);
	assert_int_equal(ocierr_body(&b, OCIERR_UNKNOWN, "m", "d"), 0);
	assert_string_equal(buf_str(&b), buf_str(&whole));
	buf_done(&b);
	buf_init(&b, 0);
	assert_int_equal(ocierr_body(&b, OCIERR_UNKNOWN, "m", "d"), -1);
	buf_done(&b);
	buf_done(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(every_code_has_a_word_and_makes_json),
		cmocka_unit_test(whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("oci/ocierr", tests, NULL, NULL);
}
