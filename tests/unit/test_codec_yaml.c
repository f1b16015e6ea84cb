/* YAML files: the tree, line numbers, and each limit at the limit. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/yaml.h"

static void a_tree(void **state)
{
	struct err e;
	CLEANUP(yaml_freep)
	struct yaml *y = yaml_parse(VIEW("# comment\n"
					 "http:\n"
					 "  addr: :5000\n"
					 "list: [a, 'null', ~, {k: v}]\n"
					 "none:\n"
					 "text: \"two\\nlines\"\n"
					 "number: 10\n"),
				    &e);
	struct yaml *list;

	assert_non_null(y);
	assert_int_equal(y->kind, YAML_MAP);
	assert_null(y->key);
	assert_int_equal(yaml_get(y, "http")->line, 2);
	assert_string_equal(yaml_get(yaml_get(y, "http"), "addr")->text, ":5000");
	assert_int_equal(yaml_get(yaml_get(y, "http"), "addr")->line, 3);
	list = yaml_get(y, "list");
	assert_int_equal(list->kind, YAML_LIST);
	assert_string_equal(list->key, "list");
	list = list->child;
	assert_string_equal(list->text, "a");
	assert_null(list->key);
	list = list->next;
	assert_int_equal(list->kind, YAML_SCALAR);
	assert_string_equal(list->text, "null");
	list = list->next;
	assert_int_equal(list->kind, YAML_NULL);
	assert_int_equal(list->next->kind, YAML_MAP);
	assert_null(list->next->next);
	assert_int_equal(yaml_get(y, "none")->kind, YAML_NULL);
	assert_int_equal(yaml_get(y, "none")->line, 5);
	assert_string_equal(yaml_get(y, "text")->text, "two\nlines");
	assert_string_equal(yaml_get(y, "number")->text, "10");
	assert_null(yaml_get(y, "absent"));
	assert_null(yaml_get(yaml_get(y, "number"), "x"));
	assert_null(yaml_get(NULL, "x"));
}

static void empty_texts(void **state)
{
	static const char *const rows[] = { "",	     "\n",   "# only a comment\n",
					    "---\n", "null", "~" };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(yaml_freep)
		struct yaml *y = yaml_parse(view_of(rows[i]), NULL);

		assert_non_null(y);
		assert_int_equal(y->kind, YAML_NULL);
	}
	yaml_free(NULL);
}

static void tops_of_other_kinds(void **state)
{
	CLEANUP(yaml_freep)
	struct yaml *list = yaml_parse(VIEW("- a\n- b\n"), NULL);
	CLEANUP(yaml_freep)
	struct yaml *text = yaml_parse(VIEW("\xef\xbb\xbf\"null\""), NULL);
	CLEANUP(yaml_freep)
	struct yaml *tagged = yaml_parse(VIEW("!!str null"), NULL);

	assert_int_equal(list->kind, YAML_LIST);
	assert_string_equal(list->child->next->text, "b");
	assert_int_equal(text->kind, YAML_SCALAR);
	assert_int_equal(tagged->kind, YAML_SCALAR);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "a: 1\nb: 2\na: 3\n", "line 3: 'a' is here twice" },
		{ "a: &x 1\nb: *x\n", "line 2: aliases" },
		{ "a: 1\n---\nb: 2\n", "line 2: a second document" },
		{ "a: 1\n--- ~\n", "line 2:" },
		{ "a: [1\n", "line 2:" },
		{ "a: 1\n b: 2\n", "line 2:" },
		{ "a: \"unterminated\n", "line 2:" },
		{ "\ta: 1\n", "line 1:" },
		{ "[a]: 1\n", "line 1: a key" },
		{ "{a: 1}: 1\n", "line 1: a key" },
		{ "a: \"x\\0y\"\n", "line 1: a NUL" },
		{ "\"x\\0y\": a\n", "line 1: a NUL" },
		{ "a: 1\nb: \xff\n", "line 2:" },
		{ "a: 1\nb: {c: [d, {e: f, e: g}]}", "line 2: 'e'" },
		{ "? a\n: *x", "line 2: aliases" },
	};
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(yaml_parse(view_of(rows[i].text), &e));
		assert_int_equal(e.kind, ERR_INVALID);
		if (strstr(e.msg, rows[i].line) != e.msg)
			fail_msg("'%s' gives '%s'", rows[i].text, e.msg);
	}
	assert_null_err(yaml_parse((struct view){ "a: 1\0", 5 }, &e), e, ERR_INVALID);
}

static struct yaml *repeated(const char *before, size_t n, const char *after,
			     struct err *e)
{
	struct buf b = BUF_INIT(2u << 20);
	struct yaml *y;
	size_t i;

	for (i = 0; i < n; i++)
		buf_adds(&b, before);
	for (i = 0; i < n; i++)
		buf_adds(&b, after);
	y = yaml_parse(buf_view(&b), e);
	buf_done(&b);
	return y;
}

static void depth(void **state)
{
	struct err e = { 0 };
	struct yaml *y;

	assert_non_null(y = repeated("[", YAML_MAX_DEPTH, "]", &e));
	yaml_free(y);
	assert_null_err(repeated("[", YAML_MAX_DEPTH + 1, "]", &e), e, ERR_INVALID);
	assert_null_err(repeated("{a: ", YAML_MAX_DEPTH + 1, "}", &e), e, ERR_INVALID);
	assert_null_err(repeated("[", 500000, "]", &e), e, ERR_INVALID);
	assert_null_err(repeated("- ", 500000, "", &e), e, ERR_INVALID);
}

static void nodes(void **state)
{
	struct err e = { 0 };
	struct yaml *y;

	assert_non_null(
		y = repeated("- a\n", YAML_MAX_NODES - 1, "", &e)); /* and the list */
	yaml_free(y);
	assert_null_err(repeated("- a\n", YAML_MAX_NODES, "", &e), e, ERR_INVALID);
}

static void bytes(void **state)
{
	char *text = unit_repeat('a', YAML_MAX_BYTES + 1);
	struct err e = { 0 };
	struct yaml *y;

	assert_non_null(y = yaml_parse((struct view){ text, YAML_MAX_BYTES }, &e));
	yaml_free(y);
	assert_null_err(yaml_parse((struct view){ text, YAML_MAX_BYTES + 1 }, &e), e,
			ERR_INVALID);
	test_free(text);
}

/* --- other people's files --- */

static struct yaml *next(struct yaml_reader *r)
{
	struct err e = { 0 };
	struct yaml *y = NULL;

	if (yaml_next(r, &y, &e) != 1)
		fail_msg("%s", e.msg);
	return y;
}

static void documents(void **state)
{
	struct yaml_reader r = { .text = VIEW("# a\n%YAML 1.1\n---\na: 1\n---\n# none\n"
					      "---\nb: [\n--- c\n...\n# x\n--- |\n"
					      " ---\n---\n\"é\": é \n") };
	struct yaml *y = next(&r), *none;
	struct err e = { 0 };

	assert_int_equal(yaml_get(y, "a")->line, 4);
	yaml_free(y);
	y = next(&r);
	assert_int_equal(y->kind, YAML_NULL);
	yaml_free(y);
	assert_err(yaml_next(&r, &none, &e), e, ERR_INVALID);
	y = next(&r);
	assert_string_equal(y->text, "c");
	assert_int_equal(y->line, 9);
	yaml_free(y);
	y = next(&r);
	assert_string_equal(y->text, "---\n");
	yaml_free(y);
	y = next(&r);
	assert_string_equal(yaml_get(y, "é")->text, "é");
	assert_int_equal(yaml_get(y, "é")->line, 15);
	assert_memory_equal(r.text.p + yaml_get(y, "é")->at, "é \n", 4);
	yaml_free(y);
	assert_int_equal(yaml_next(&r, &none, &e), 0);
}

static void places(void **state)
{
	static const struct {
		const char *text;
		size_t at, len;
	} rows[] = {
		{ "x", 0, 1 },	       { "--- 'x y'", 5, 3 },	  { "\"x\"", 1, 1 },
		{ "&a x", 3, 1 },      { "!!str \"x\"", 7, 1 },	  { "\"\\x61\"", 0, 0 },
		{ "x\n y", 0, 0 },     { "|\n x\n", 0, 0 },	  { "'it''s'", 0, 0 },
		{ "# é\né", 5, 2 },    { "\xef\xbb\xbfx", 3, 1 }, { "''", 0, 0 },
		{ "\r\nx # y", 2, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct yaml_reader r = { .text = view_of(rows[i].text) };
		CLEANUP(yaml_freep)
		struct yaml *y = next(&r);

		assert_int_equal(y->len, rows[i].len);
		assert_int_equal(y->at, rows[i].at);
	}
}

static void aliases(void **state)
{
	struct yaml_reader r = { .text = VIEW("a: &x {k: 1, l: 2}\n"
					      "b: *x\n"
					      "c: {<<: *x, k: 3}\n"
					      "d: {<<: [{m: 4}, *x], <<: ignored}\n"
					      "e: !local [f]\n"
					      "a: again\n") };
	CLEANUP(yaml_freep)
	struct yaml *y = next(&r);

	assert_string_equal(yaml_get(y, "a")->text, "again");
	assert_string_equal(yaml_get(yaml_get(y, "b"), "l")->text, "2");
	assert_int_equal(yaml_get(y, "b")->line, 2);
	assert_string_equal(yaml_get(yaml_get(y, "c"), "k")->text, "3");
	assert_string_equal(yaml_get(yaml_get(y, "c"), "l")->text, "2");
	assert_int_equal(yaml_get(yaml_get(y, "c"), "l")->line, 1);
	assert_string_equal(yaml_get(y, "e")->tag, "!local");
}

static void refuses(const char *text, const char *says)
{
	struct yaml_reader r = { .text = view_of(text) };
	struct err e = { 0 };
	struct yaml *y;

	assert_int_equal(yaml_next(&r, &y, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	if (strstr(e.msg, says) == NULL)
		fail_msg("'%s'", e.msg);
	assert_int_equal(yaml_next(&r, &y, &e), 0);
}

/* What a few bytes of aliases may grow to has an end. */
static void bombs(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(8u << 20);
	char *text = unit_repeat('a', YAML_FOREIGN_MAX_COPIED / 4);
	int i;

	refuses("a: *b", "stands for nothing");
	refuses("a: &a [*a]", "stands for nothing");
	refuses("*a : b", "a key must be text");
	buf_adds(&b, "a: &a [1,1,1,1,1,1,1,1,1,1]\n");
	for (i = 'b'; i <= 'z'; i++)
		buf_addf(&b, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i,
			 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
			 i - 1);
	refuses(buf_str(&b), "aliases make it too large");
	buf_clear(&b);
	buf_addf(&b, "- &a %s\n- *a\n- *a\n- *a\n- *a\n- *a\n", text);
	refuses(buf_str(&b), "aliases make it too large");
	buf_clear(&b);
	buf_adds(&b, "- &a0 x\n");
	for (i = 1; i <= YAML_FOREIGN_MAX_DEPTH; i++)
		buf_addf(&b, "- &a%d [*a%d]\n", i, i - 1);
	refuses(buf_str(&b), "aliases make it too large");
	buf_clear(&b);
	for (i = 0; i <= YAML_FOREIGN_MAX_DEPTH; i++)
		buf_adds(&b, "[");
	refuses(buf_str(&b), "nested too deep");
	test_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree),  cmocka_unit_test(empty_texts),
		cmocka_unit_test(refused), cmocka_unit_test(tops_of_other_kinds),
		cmocka_unit_test(depth),   cmocka_unit_test(nodes),
		cmocka_unit_test(bytes),   cmocka_unit_test(documents),
		cmocka_unit_test(places),  cmocka_unit_test(aliases),
		cmocka_unit_test(bombs),
	};

	return cmocka_run_group_tests_name("codec/yaml", tests, NULL, NULL);
}
