/* The outline of TOML files. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "clients/toml.h"

/* "T a/b 1;K a/b/c=1 2;" for a table on line 1 and a key on line 2. */
static void outline(const char *text, struct buf *out)
{
	struct toml t = { .text = view_of(text) };
	struct toml_item item;
	struct err e;
	int more;

	while ((more = toml_next(&t, &item, &e)) == 1) {
		buf_addf(out, "%c ", "TEK"[item.kind]);
		for (size_t i = 0; i < item.name.n; i++)
			buf_addf(out, "%s%s", i > 0 ? "/" : "", toml_part(&item.name, i));
		if (item.kind == TOML_KEY)
			buf_addf(out, "=%.*s", (int)item.value.n, item.value.p);
		buf_addf(out, " %u;", item.line);
		assert_true(item.start < item.end && item.end <= strlen(text));
	}
	if (more < 0)
		buf_addf(out, "%s", e.msg);
}

static void is(const char *text, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);

	outline(text, &out);
	assert_string_equal(buf_str(&out), want);
}

static void items(void **state)
{
	is("", "");
	is("\xef\xbb\xbf# x\n\n \t\r\n", "");
	is("a = 1", "K a=1 1;");
	is("a = 1 # no\r\n[b] # x\nc.\"d e\" . f = 'x#y'",
	   "K a=1 1;T b 2;K b/c/d e/f='x#y' 3;");
	is("[[ a . 'b.c' ]]\nx=\"\\\"]\\\\\" # \"\n",
	   "E a/b.c 1;K a/b.c/x=\"\\\"]\\\\\" 2;");
	is("a = [ # [\n'x',\n{b=']'},\n]\nc = {}\n",
	   "K a=[ # [\n'x',\n{b=']'},\n] 1;K c={} 5;");
	is("a = \"\"\"x\n[no]\n\\\"\"\"\"\"\"\nb=1\n",
	   "K a=\"\"\"x\n[no]\n\\\"\"\"\"\"\" 1;K b=1 4;");
	is("a = '''\n'\n''''\nb=\"\"\n", "K a='''\n'\n'''' 1;K b=\"\" 4;");
	is("[a]\n[b.c]\nd=1", "T a 1;T b/c 2;K b/c/d=1 3;");
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "a\n", "line 1, column 2: \"=\"" },
		{ "a = \n", "line 1, column 5: a value" },
		{ "\n= 1\n", "line 2, column 1: a name" },
		{ "[a\n", "line 1, column 3" },
		{ "[a]]\n", "line 1, column 4: a line" },
		{ "[[a]\n", "line 1, column 4" },
		{ "[]\n", "line 1, column 2: a name" },
		{ "a = 'x\n", "line 1, column 5: a text" },
		{ "a = \"\"\"x\n\n", "line 1, column 5: a text" },
		{ "a = \"x\\", "line 1, column 5: a text" },
		{ "a = [[1]\n", "line 1, column 5: a bracket" },
		{ "a = 1]\n", "line 1, column 6: a bracket" },
		{ "\"a = 1\n", "line 1, column 7: a quoted" },
		{ "\"a\\u0041\" = 1\n", "line 1, column 3: a quoted" },
		{ "{", "line 1, column 1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_done)
		struct buf out = BUF_INIT(1 << 16);

		outline(rows[i].text, &out);
		if (strstr(buf_str(&out), rows[i].why) == NULL)
			fail_msg("'%s' gives '%s'", rows[i].text, buf_str(&out));
	}
}

static void limits(void **state)
{
	CLEANUP(buf_done)
	struct buf parts = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
	char *name;

	buf_adds(&parts, "[a");
	for (int i = 1; i < TOML_MAX_PARTS; i++)
		buf_adds(&parts, ".a");
	buf_adds(&parts, "]\n");
	outline(buf_str(&parts), &out);
	assert_null(strstr(buf_str(&out), "too long"));
	buf_adds(&parts, "b = 1\n");
	outline(buf_str(&parts), &out);
	assert_non_null(strstr(buf_str(&out), "line 2, column 2: too long a name"));
	name = unit_repeat('a', TOML_MAX_NAME_BYTES);
	buf_clear(&parts);
	buf_addf(&parts, "%s = 1\n", name);
	outline(buf_str(&parts), &out);
	assert_non_null(strstr(buf_str(&out), "line 1, column 513: too long a name"));
	test_free(name);
}

static void strings(void **state)
{
	struct view v;

	assert_true(toml_string(VIEW("\"a\""), &v) && view_is(v, "a"));
	assert_true(toml_string(VIEW("'a\\b'"), &v) && view_is(v, "a\\b"));
	assert_true(toml_string(VIEW("\"\""), &v) && v.n == 0);
	assert_false(toml_string(VIEW("\"a\\n\""), &v));
	assert_false(toml_string(VIEW("'''a'''"), &v));
	assert_false(toml_string(VIEW("[\"a\"]"), &v));
	assert_false(toml_string(VIEW("\""), &v));
	assert_false(toml_string(VIEW(""), &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
