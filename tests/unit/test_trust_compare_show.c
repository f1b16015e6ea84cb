/* A comparison as people, pull requests and programs see it. */
#include "contents_try.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/json.h"
#include "trust/compare_show.h"

#define BIDI "\xe2\x80\xae"

static struct contents a, b;
static struct contents_pair env_a[2], env_b[2];
static const char *cmd_b[2];

static void begin(struct comparison *c)
{
	try_begin(&a);
	try_begin(&b);
	a.bytes = 45200000;
	b.bytes = 45300000;
	try_system(&a, "debian", "12", "Debian GNU/Linux 12 (bookworm)");
	try_system(&b, "debian", "13", "Debian GNU/Linux 13 (trixie)");
	try_packages(&a, (const char *const[]){ "deb libc6 2.36-9 amd64",
						"deb perl 5 amd64", NULL });
	try_packages(&b, (const char *const[]){ "deb libc6 2.41-1 amd64",
						"python pip 24.0 -", NULL });
	try_layer(&a, "1", "1", 45200000);
	try_layer(&b, "2", "2", 45300000);
	env_a[0] = (struct contents_pair){ "PYTHON_VERSION", "3.11.8" };
	env_b[0] = (struct contents_pair){ "PYTHON_VERSION", "3.11.9" };
	a.config.env = env_a;
	b.config.env = env_b;
	a.config.nenv = b.config.nenv = 1;
	compare_make(&a, &b, c);
}

static void end(struct comparison *c)
{
	compare_done(c);
	try_end(&a);
	try_end(&b);
}

static void text(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);
	struct comparison c;

	begin(&c);
	assert_int_equal(compare_text_summary(&c, &out), 0);
	assert_string_equal(out.p,
			    "1 package upgraded, 1 added, 1 removed; another release "
			    "of the system; 1 setting changed; 45.2MB -> 45.3MB; 1 of "
			    "1 layer new (45.3MB)");
	buf_clear(&out);
	assert_int_equal(compare_text(&c, 0, &out), 0);
	assert_string_equal(
		out.p,
		"\nSystem\n"
		"  Debian GNU/Linux 12 (bookworm) -> Debian GNU/Linux 13 (trixie)\n"
		"\nPackages\n"
		"  upgraded    deb     libc6  2.36-9 -> 2.41-1\n"
		"  removed     deb     perl   5\n"
		"  added       python  pip    24.0\n"
		"\nConfiguration\n"
		"  changed     env          PYTHON_VERSION  3.11.8 -> 3.11.9\n"
		"\nLayers\n"
		"  1 new (45.3MB), 1 gone (45.2MB)\n");
	buf_clear(&out);
	assert_int_equal(compare_text(&c, 1, &out), 0);
	assert_non_null(strstr(out.p, "libc6"));
	assert_null(strstr(out.p, "perl"));
	assert_non_null(strstr(out.p, "\n  and 2 more; larder diff shows all\n"));
	end(&c);
}

static void no_difference(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);
	struct comparison c, same;

	begin(&c);
	compare_make(&a, &a, &same);
	assert_int_equal(compare_text_summary(&same, &out), 0);
	assert_string_equal(out.p, "no difference");
	buf_clear(&out);
	assert_int_equal(compare_text(&same, 0, &out), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(compare_markdown(&same, 0, &out), 0);
	assert_int_equal(out.n, 0);
	compare_done(&same);
	end(&c);
}

static void what_could_not_be_read_is_said(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);
	struct contents_gap gap = { 2, "var/lib/rpm/Packages",
				    "Berkeley DB is not read" };
	struct comparison c;

	begin(&c);
	b.gap = &gap;
	b.ngaps = 1;
	assert_int_equal(compare_text(&c, 0, &out), 0);
	assert_non_null(strstr(out.p,
			       "\nCould not be read, so there may be more\n"
			       "  after   layer 3: var/lib/rpm/Packages: Berkeley DB "
			       "is not read\n"));
	buf_clear(&out);
	assert_int_equal(compare_markdown(&c, 0, &out), 0);
	assert_non_null(
		strstr(out.p, "- after: layer 3, `var/lib/rpm/Packages`: `Berkeley"));
	end(&c);
}

static void markdown(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);
	struct comparison c;

	begin(&c);
	assert_int_equal(compare_markdown(&c, 0, &out), 0);
	assert_string_equal(
		out.p,
		"\nSystem: `Debian GNU/Linux 12 (bookworm)` -> `Debian GNU/Linux 13 "
		"(trixie)`\n"
		"\n| package | kind | change | before | after |\n"
		"|---|---|---|---|---|\n"
		"| `libc6` | deb | upgraded | `2.36-9` | `2.41-1` |\n"
		"| `perl` | deb | removed | `5` |  |\n"
		"| `pip` | python | added |  | `24.0` |\n"
		"\n| setting | change | before | after |\n"
		"|---|---|---|---|\n"
		"| env `PYTHON_VERSION` | changed | `3.11.8` | `3.11.9` |\n");
	end(&c);
}

static void long_tables_are_folded(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16);
	struct comparison c;
	char line[40];
	int i;

	try_begin(&a);
	try_begin(&b);
	for (i = 10; i < 30; i++) {
		snprintf(line, sizeof(line), "deb p%d 1 amd64", i);
		try_package(&b, line);
	}
	packages_sort(&b.packages);
	compare_make(&a, &b, &c);
	assert_int_equal(compare_markdown(&c, 15, &out), 0);
	assert_non_null(
		strstr(out.p, "\n<details><summary>20 packages</summary>\n\n| pack"));
	assert_non_null(strstr(out.p, "`p24`"));
	assert_null(strstr(out.p, "`p25`"));
	assert_non_null(strstr(out.p, "\nand 5 more\n\n</details>\n"));
	end(&c);
}

static void json(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);
	struct digest d;
	struct compare_names names = { "p:1", "p:2", &d, &d };
	const struct json *packages, *one;
	struct comparison c;
	struct json *doc;
	struct err e;

	begin(&c);
	digest_of(HASH_SHA256, "x", 1, &d);
	assert_int_equal(compare_json(&c, &names, &out), 0);
	doc = json_parse(buf_view(&out), &e);
	assert_non_null(doc);
	assert_string_equal(json_get_str(json_get(doc, "before"), "image"), "p:1");
	packages = json_get(doc, "packages");
	assert_int_equal(json_len(packages), 3);
	one = json_at(packages, 1);
	assert_string_equal(json_get_str(one, "change"), "removed");
	assert_string_equal(json_get_str(one, "before"), "5");
	assert_true(json_is_null(json_get(one, "after")));
	json_free(doc);
	assert_int_equal(compare_json(&c, &names, &again), 0);
	assert_string_equal(out.p, again.p);
	buf_done(&again);
	end(&c);
}

/* --- what images say to do harm --- */

static const char *const hostile[] = {
	"\x1b]0;owned\x07\x1b[2J",
	"a\nb\r\nc\td",
	"| x | y |",
	"`a` ``b``",
	"</code></details><script>alert(1)</script>",
	"[x](http://evil.example) @everyone #1 ![](http://evil.example/x.png)",
	"\\| \\` \\",
	BIDI "gnp.exe",
	"\xff\xfe \xc2\x9b 31m \xe2\x80\xa8 \xef\xbb\xbf",
	"`|",
	" ",
	"&#124; &lt;",
};

static void assert_lines(const struct buf *out, bool markdown_table)
{
	const char *p;
	size_t bars = 0;

	for (p = out->p; *p != '\0'; p++) {
		unsigned char ch = (unsigned char)*p;

		assert_true(ch == '\n' || (ch >= ' ' && ch != 0x7f));
		bars += ch == '|';
		if (ch == '\n' && markdown_table) {
			assert_true(bars == 0 || bars == 5);
			bars = 0;
		}
	}
	assert_null(strstr(out->p, BIDI));
	assert_null(strstr(out->p, "\xc2\x9b"));
	assert_null(strstr(out->p, "\xe2\x80\xa8"));
}

static void hostile_values(void **state)
{
	struct buf out = BUF_INIT(1 << 20);
	struct comparison c;
	size_t i;

	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		begin(&c);
		compare_done(&c);
		packages_done(&a.packages);
		packages_done(&b.packages);
		env_a[0] = (struct contents_pair){ "X", hostile[i] };
		env_b[0] = (struct contents_pair){ hostile[i], "y" };
		cmd_b[0] = hostile[i];
		b.config.cmd = cmd_b;
		b.config.ncmd = 1;
		snprintf(b.os.name, sizeof(b.os.name), "%s", hostile[i]);
		compare_make(&a, &b, &c);
		assert_int_equal(compare_text(&c, 0, &out), 0);
		assert_lines(&out, false);
		buf_clear(&out);
		assert_int_equal(compare_markdown(&c, 0, &out), 0);
		assert_lines(&out, true);
		/* Nothing of it stands outside of code. */
		assert_true(strstr(out.p, "<script") == NULL ||
			    strstr(out.p, "`</code></details><script") != NULL);
		buf_clear(&out);
		end(&c);
	}
	buf_done(&out);
}

static void code(void **state)
{
	static const char *const rows[][2] = {
		{ "2.36-9+deb12u4", "`2.36-9+deb12u4`" },
		{ "", "(empty)" },
		{ "a|b", "<code>a&#124;b</code>" },
		{ "`", "<code>&#96;</code>" },
		{ " x", "<code>&#32;x</code>" },
		{ "<b>", "`<b>`" },
		{ "a\nb", "`a\\nb`" },
		{ "\xc3\xa4", "`\xc3\xa4`" },
		{ "\xc3\xa4|", "<code>\xc3\xa4&#124;</code>" },
	};
	struct buf out = BUF_INIT(1 << 16);
	char *text = unit_repeat('x', COMPARE_VALUE_MAX + 1);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(compare_markdown_code(&out, rows[i][0]), 0);
		assert_string_equal(out.p, rows[i][1]);
		buf_clear(&out);
	}
	/* The longest that is shown whole, and one more. */
	assert_int_equal(compare_markdown_code(&out, text + 1), 0);
	assert_int_equal(out.n, COMPARE_VALUE_MAX + 2);
	assert_null(strstr(out.p, "..."));
	buf_clear(&out);
	assert_int_equal(compare_markdown_code(&out, text), 0);
	assert_int_equal(out.n, COMPARE_VALUE_MAX + 2);
	assert_string_equal(out.p + out.n - 4, "...`");
	test_free(text);
	buf_done(&out);
}

static void what_does_not_fit(void **state)
{
	static const size_t limits[] = { 0, 1, 50, 100, 150 };
	struct compare_names names = { "a", "b", &a.digest, &b.digest };
	struct comparison c;
	size_t i;

	begin(&c);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct buf out = BUF_INIT(limits[i]);

		assert_int_equal(compare_text(&c, 0, &out), -1);
		buf_clear(&out);
		assert_int_equal(compare_markdown(&c, 0, &out), -1);
		buf_clear(&out);
		assert_int_equal(compare_json(&c, &names, &out), -1);
		buf_done(&out);
	}
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(no_difference),
		cmocka_unit_test(what_could_not_be_read_is_said),
		cmocka_unit_test(markdown),
		cmocka_unit_test(long_tables_are_folded),
		cmocka_unit_test(json),
		cmocka_unit_test(hostile_values),
		cmocka_unit_test(code),
		cmocka_unit_test(what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
