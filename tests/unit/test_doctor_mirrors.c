/* Lists of mirrors: which are the same place, and what a daemon.json says. */
#include "unit.h"

#include <stdio.h>

#include "base/fs.h"
#include "doctor/mirrors.h"
#include "tmpdir.h"

#define WORDS(s) ((struct view){ (s), sizeof(s) }) /* with the last NUL */

static void the_same_place(void **state)
{
	assert_true(mirrors_same("http://127.0.0.1:5000", "http://127.0.0.1:5000/"));
	assert_true(mirrors_same("http://localhost:5000", "http://127.0.0.1:5000"));
	assert_true(mirrors_same("http://[::1]:5000", "http://127.0.0.2:5000"));
	assert_true(mirrors_same("https://Cache.example", "https://cache.example:443/"));
	assert_false(mirrors_same("http://cache.example", "https://cache.example"));
	assert_false(mirrors_same("http://127.0.0.1:5000", "http://127.0.0.1:5001"));
	assert_false(mirrors_same("http://10.0.0.1:5000", "http://127.0.0.1:5000"));
	assert_false(mirrors_same("", ""));
	assert_false(mirrors_same("cache.example", "cache.example"));
}

static void lists(void **state)
{
	struct view two = WORDS("http://a:1/\0http://b:2/");
	struct view one = WORDS("http://a:1");
	struct view none = { NULL, 0 };
	char shown[200];

	assert_true(mirrors_have(two, "http://b:2"));
	assert_false(mirrors_have(one, "http://b:2"));
	assert_false(mirrors_have(none, "http://b:2"));
	assert_true(mirrors_equal(none, none));
	assert_true(mirrors_equal(two, two));
	assert_false(mirrors_equal(two, one));
	assert_false(mirrors_equal(none, one));
	mirrors_show(two, shown);
	assert_string_equal(shown, "http://a:1/, http://b:2/");
	mirrors_show(none, shown);
	assert_string_equal(shown, "");
}

static void long_ones_are_cut(void **state)
{
	char words[600], shown[200];

	memset(words, 'x', sizeof(words));
	words[299] = words[599] = '\0';
	mirrors_show((struct view){ words, sizeof(words) }, shown);
	assert_int_equal(strlen(shown), 199);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void files(void **state)
{
	struct buf out = BUF_INIT(MIRRORS_MAX_BYTES);
	struct err e = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "%s/daemon.json", ((struct tmpdir *)*state)->path);
	assert_err(mirrors_read(path, &out, &e), e, ERR_NOT_FOUND);
	write_file(path, "\n");
	assert_int_equal(mirrors_read(path, &out, &e), 0);
	write_file(path, "{\"debug\":true,\"registry-mirrors\":7}");
	assert_int_equal(mirrors_read(path, &out, &e), 0);
	assert_int_equal(out.n, 0);
	write_file(path, "{\"registry-mirrors\":[\"http://a:1\",3,\"http://b:2\"]}");
	assert_int_equal(mirrors_read(path, &out, &e), 0);
	assert_memory_equal(out.p, "http://a:1\0http://b:2", 22);
	buf_clear(&out);
	write_file(path, "{\"registry-mirrors\":[,]}");
	assert_err(mirrors_read(path, &out, &e), e, ERR_INVALID);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_place),
		cmocka_unit_test(lists),
		cmocka_unit_test(long_ones_are_cut),
		cmocka_unit_test_setup_teardown(files, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
