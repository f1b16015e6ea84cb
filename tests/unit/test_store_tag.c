/* Tags and check notes: what is written, and every way of finding them unreadable. */
#include "unit.h"

#include "store_try.h"
#include "store/layout.h"
#include "store/tag.h"

static void set_move_get(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x"), e2 = try_digest("y"), got;
	char text[DIGEST_TEXT_MAX];
	struct err e = { 0 };
	layout_path path;

	assert_err(tag_get(s, &a, "v1", &got, &e), e, ERR_NOT_FOUND);
	assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
	assert_int_equal(tag_get(s, &a, "v1", &got, &e), 0);
	assert_true(digest_equal(&got, &d));
	assert_int_equal(tag_set(s, &a, "v1", &e2, &e), 0);
	assert_int_equal(tag_get(s, &a, "v1", &got, &e), 0);
	assert_true(digest_equal(&got, &e2));
	assert_err(tag_get(s, &a, "V1", &got, &e), e, ERR_NOT_FOUND);
	digest_text(&e2, text);
	layout_tag(path, &a, "v1");
	assert_true(try_holds(s, path, text));
	layout_tag_index(path, &a, "v1", &e2);
	assert_true(try_holds(s, path, text));
	digest_text(&d, text); /* where it has been */
	layout_tag_index(path, &a, "v1", &d);
	assert_true(try_holds(s, path, text));
}

static void torn_links(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x"), got = try_digest("was");
	char text[DIGEST_TEXT_MAX], *longer = unit_repeat('a', 300);
	const char *bad[] = { "", "sha256:", "sha256:12", "nonsense", longer };
	struct digest was = got;
	struct err e = { 0 };
	layout_path path;
	size_t i;

	layout_tag(path, &a, "v1");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		try_put(s, path, bad[i]);
		assert_int_equal(tag_get(s, &a, "v1", &got, &e), -1);
		assert_non_null(strstr(e.msg, "v1"));
		assert_err(-1, e, ERR_CORRUPT);
		assert_true(digest_equal(&got, &was));
	}
	digest_text(&d, text);
	text[strlen(text) - 1] = '\0';
	try_put(s, path, text);
	assert_err(tag_get(s, &a, "v1", &got, &e), e, ERR_CORRUPT);
	assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
	assert_int_equal(tag_get(s, &a, "v1", &got, &e), 0);
	test_free(longer);
}

static void check_notes(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a/b");
	struct digest d = try_digest("x"), got;
	struct err e = { 0 };
	int64_t ms;

	assert_err(tag_check_get(s, &a, "v1", &got, &ms, &e), e, ERR_NOT_FOUND);
	assert_int_equal(tag_check_set(s, &a, "v1", &d, 1700000000123, &e), 0);
	assert_int_equal(tag_check_get(s, &a, "v1", &got, &ms, &e), 0);
	assert_true(digest_equal(&got, &d));
	assert_int_equal(ms, 1700000000123);
	digest_of(HASH_SHA512, "x", 1, &d);
	assert_int_equal(tag_check_set(s, &a, "v1", &d, INT64_MAX, &e), 0);
	assert_int_equal(tag_check_get(s, &a, "v1", &got, &ms, &e), 0);
	assert_true(digest_equal(&got, &d));
	assert_int_equal(ms, INT64_MAX);
}

static void check_notes_that_nobody_can_read(void **state)
{
	static const char *const after[] = {
		"",
		" ",
		" \n",
		" 12",
		" x\n",
		" 12x\n",
		"12\n",
		" -12\n",
		" 99999999999999999999\n",
		" -99999999999999999999\n",
		"  12\n",
		" +12\n",
	};
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x"), was = try_digest("was"), got = was;
	char text[DIGEST_TEXT_MAX], note[DIGEST_TEXT_MAX + 40];
	char *longer = unit_repeat('a', 300);
	struct err e = { 0 };
	layout_path path;
	int64_t ms = 77;
	size_t i;

	digest_text(&d, text);
	layout_tag_check(path, &a, "v1");
	for (i = 0; i < ARRAY_LEN(after); i++) {
		snprintf(note, sizeof(note), "%s%s", text, after[i]);
		try_put(s, path, note);
		assert_err(tag_check_get(s, &a, "v1", &got, &ms, &e), e, ERR_NOT_FOUND);
	}
	try_put(s, path, "sha256:12 12\n");
	assert_err(tag_check_get(s, &a, "v1", &got, &ms, &e), e, ERR_NOT_FOUND);
	try_put(s, path, "");
	assert_err(tag_check_get(s, &a, "v1", &got, &ms, &e), e, ERR_NOT_FOUND);
	try_put(s, path, longer);
	assert_err(tag_check_get(s, &a, "v1", &got, &ms, &e), e, ERR_NOT_FOUND);
	assert_int_equal(fs_mkdirs(s->dirfd, "larder/tags/a/_tags/v2", false, &e), 0);
	assert_err(tag_check_get(s, &a, "v2", &got, &ms, &e), e, ERR_NOT_FOUND);
	assert_int_equal(ms, 77); /* untouched by all of them */
	assert_true(digest_equal(&got, &was));
	test_free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(set_move_get),
		IN_STORE(torn_links),
		IN_STORE(check_notes),
		IN_STORE(check_notes_that_nobody_can_read),
	};

	return cmocka_run_group_tests_name("store/tag", tests, NULL, NULL);
}
