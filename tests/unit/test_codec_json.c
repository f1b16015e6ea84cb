/* JSON from elsewhere: limits, what is refused and where, and getters that never mind. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/json.h"

static void assert_refused(const char *text, size_t n)
{
	struct err e = { 0 };

	assert_null_err(json_parse((struct view){ text, n }, &e), e, ERR_INVALID);
}

static void reading(void **state)
{
	struct err e;
	CLEANUP(json_freep)
	struct json *d = json_parse(
		VIEW(" {\"s\":\"t\\u00e4\",\"n\":-5,\"a\":[1,[],{}],"
		     "\"o\":{\"k\":\"v\"},\"z\":null,\"b\":true,\"r\":1.5} \n"),
		&e);
	const struct json *a;
	int64_t n = 0;

	assert_non_null(d);
	assert_true(json_is_object(d));
	assert_string_equal(json_get_str(d, "s"), "t\xc3\xa4");
	assert_true(json_get_int(d, "n", &n));
	assert_int_equal(n, -5);
	a = json_get(d, "a");
	assert_true(json_is_array(a));
	assert_int_equal(json_len(a), 3);
	assert_true(json_is_array(json_at(a, 1)));
	assert_null(json_at(a, 3));
	assert_string_equal(json_get_str(json_get(d, "o"), "k"), "v");
	assert_true(json_is_null(json_get(d, "z")));
	assert_false(json_is_null(json_get(d, "absent")));
}

static void other_types_are_absent(void **state)
{
	struct err e;
	CLEANUP(json_freep)
	struct json *d = json_parse(VIEW("{\"s\":\"1\",\"r\":1.0}"), &e);
	const char *key;
	const struct json *v;
	void *at = NULL;
	int64_t n = 42;

	assert_null(json_get(NULL, "k"));
	assert_null(json_get(json_get(d, "s"), "k"));
	assert_null(json_at(d, 0));
	assert_null(json_at(NULL, 0));
	assert_int_equal(json_len(d), 0);
	assert_int_equal(json_len(NULL), 0);
	assert_null(json_str(d));
	assert_null(json_str(NULL));
	assert_null(json_get_str(d, "absent"));
	assert_null(json_get_str(d, "r"));
	assert_false(json_get_int(d, "s", &n));
	assert_false(json_get_int(d, "r", &n));
	assert_false(json_get_int(NULL, "s", &n));
	assert_int_equal(n, 42);
	assert_false(json_is_object(NULL));
	assert_false(json_is_array(d));
	assert_false(json_is_null(NULL));
	assert_false(json_each(json_get(d, "s"), &at, &key, &v));
	assert_false(json_each(NULL, &at, &key, &v));
	json_free(NULL);
}

static void walking(void **state)
{
	struct err e;
	CLEANUP(json_freep)
	struct json *d = json_parse(VIEW("{\"b\":1,\"a\":\"x\",\"c\":[]}"), &e);
	CLEANUP(json_freep)
	struct json *empty = json_parse(VIEW("{}"), &e);
	const char *key;
	const struct json *v;
	char keys[4] = "";
	size_t n = 0;
	void *at = NULL;

	while (json_each(d, &at, &key, &v))
		keys[n++] = key[0];
	assert_string_equal(keys, "bac");
	at = NULL;
	assert_false(json_each(empty, &at, &key, &v));
}

static void any_value_at_the_top(void **state)
{
	static const char *const rows[] = { "1", "\"s\"", "null", "[]", "{}", "true" };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *d = json_parse(view_of(rows[i]), NULL);

		assert_non_null(d);
		json_freep(&d);
		assert_null(d);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"]",
		"[1",
		"[1,]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"{} x",
		"{}{}",
		"[1]]",
		"\"",
		"\"\\",
		"\"\\u12\"",
		"\"a\nb\"",
		"'a'",
		"nul",
		"01",
		"1e999",
		"9223372036854775808",
		"-9223372036854775809",
		"{\"a\":1,\"a\":2}",
		"{\"o\":{\"a\":1,\"a\":1}}",
		"\"\\u0000\"",
		"{\"\\u0000\":1}",
		"\"\xff\"",
		"\"\\ud800\"",
		"\xef\xbb\xbf{}",
		"[NaN]",
		"/* */ 1",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i], strlen(rows[i]));
	assert_refused("\"a\0b\"", 5);
	assert_refused("{}\0", 3);
	assert_refused(NULL, 0);
}

static void says_where_but_not_what(void **state)
{
	struct err e = { 0 };

	assert_null(json_parse(VIEW("{\n \"auth\": \"secret\" \"x\"}"), &e));
	assert_non_null(strstr(e.msg, "line 2, column"));
	assert_null(strstr(e.msg, "\"x\""));
	assert_null(json_parse(VIEW("{\"auth\": topsecret}"), &e));
	assert_null(strstr(e.msg, "topsecret"));
	assert_null(json_parse(VIEW("{\"topsecret\":1,\n\"topsecret\":1}"), &e));
	assert_null(strstr(e.msg, "topsecret"));
}

/* depth times open, then close, with a string that only looks deep in the middle. */
static struct json *nested(size_t depth, const char *open, const char *close)
{
	struct buf b = BUF_INIT(4u << 20);
	struct json *d;
	size_t i;

	for (i = 0; i < depth; i++)
		buf_adds(&b, open);
	buf_adds(&b, "\"[[[[{{{{\\\"[[[[\"");
	for (i = 0; i < depth; i++)
		buf_adds(&b, close);
	d = json_parse(buf_view(&b), NULL);
	buf_done(&b);
	return d;
}

static void depth(void **state)
{
	struct json *d;

	assert_non_null(d = nested(JSON_MAX_DEPTH, "[", "]"));
	json_free(d);
	assert_null(nested(JSON_MAX_DEPTH + 1, "[", "]"));
	assert_non_null(d = nested(JSON_MAX_DEPTH, "{\"k\":", "}"));
	json_free(d);
	assert_null(nested(JSON_MAX_DEPTH + 1, "{\"k\":", "}"));
	assert_null(nested(1000000, "[", "]"));
}

/* A list of n zeros. */
static struct json *list_of(size_t n, struct err *e)
{
	struct buf b = BUF_INIT(4u << 20);
	struct json *d;
	size_t i;

	for (i = 0; i < n; i++)
		buf_adds(&b, i ? ",0" : "[0");
	buf_adds(&b, "]");
	d = json_parse(buf_view(&b), e);
	buf_done(&b);
	return d;
}

static void number_of_values(void **state)
{
	struct err e = { 0 };
	struct json *d = list_of(JSON_MAX_VALUES - 1, &e);

	assert_int_equal(json_len(d), JSON_MAX_VALUES - 1);
	json_free(d);
	assert_null_err(list_of(JSON_MAX_VALUES, &e), e, ERR_INVALID);
}

static void integers_at_their_limit(void **state)
{
	struct err e;
	CLEANUP(json_freep)
	struct json *d = json_parse(
		VIEW("{\"max\":9223372036854775807,\"min\":-9223372036854775808}"), &e);
	int64_t n;

	assert_true(json_get_int(d, "max", &n));
	assert_true(n == INT64_MAX);
	assert_true(json_get_int(d, "min", &n));
	assert_true(n == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(other_types_are_absent),
		cmocka_unit_test(walking),
		cmocka_unit_test(any_value_at_the_top),
		cmocka_unit_test(refused),
		cmocka_unit_test(says_where_but_not_what),
		cmocka_unit_test(depth),
		cmocka_unit_test(number_of_values),
		cmocka_unit_test(integers_at_their_limit),
	};

	return cmocka_run_group_tests_name("codec/json", tests, NULL, NULL);
}
