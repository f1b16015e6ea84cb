/* Links: content, kinds, and what a crash of another writer leaves. */
#include "unit.h"

#include "store_try.h"
#include "store/layout.h"
#include "store/link.h"

static void add_and_find(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("team/a"), b = try_name("team/a/b");
	struct digest d = try_digest("x"), other = try_digest("y");
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct err e;

	assert_false(link_exists(s, LINK_LAYER, &a, &d));
	assert_int_equal(link_add(s, LINK_LAYER, &a, &d, true, &e), 0);
	assert_int_equal(link_add(s, LINK_LAYER, &a, &d, false, &e), 0);
	assert_true(link_exists(s, LINK_LAYER, &a, &d));
	assert_false(link_exists(s, LINK_REVISION, &a, &d)); /* another kind */
	assert_false(link_exists(s, LINK_LAYER, &b, &d));    /* another repository */
	assert_false(link_exists(s, LINK_LAYER, &a, &other));
	assert_int_equal(link_add(s, LINK_REVISION, &b, &d, false, &e), 0);
	assert_true(link_exists(s, LINK_REVISION, &b, &d));
	digest_text(&d, text);
	layout_layer(path, &a, &d);
	assert_true(try_holds(s, path, text)); /* without a newline, as registry:2 */
	layout_revision(path, &b, &d);
	assert_true(try_holds(s, path, text));
}

static void an_empty_one_is_none_and_is_replaced(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x");
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct err e;

	layout_revision(path, &a, &d);
	try_put(s, path, "");
	assert_false(link_exists(s, LINK_REVISION, &a, &d));
	assert_int_equal(link_add(s, LINK_REVISION, &a, &d, true, &e), 0);
	assert_true(link_exists(s, LINK_REVISION, &a, &d));
	digest_text(&d, text);
	assert_true(try_holds(s, path, text));
}

static void a_folder_is_none(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x");
	layout_path path;
	struct err e;

	layout_layer(path, &a, &d);
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, &e), 0);
	assert_false(link_exists(s, LINK_LAYER, &a, &d));
	assert_int_equal(link_add(s, LINK_LAYER, &a, &d, false, &e), -1);
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(add_and_find),
		IN_STORE(an_empty_one_is_none_and_is_replaced),
		IN_STORE(a_folder_is_none),
	};

	return cmocka_run_group_tests_name("store/link", tests, NULL, NULL);
}
