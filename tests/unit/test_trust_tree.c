/*
 * test_trust_tree.c - the tree of what matters: names with links in them, what is put in
 * the place of what, whiteouts; and which paths matter.
 */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "trust/contents.h"
#include "trust/seek.h"
#include "trust/tree.h"

static void put(struct tree *t, const char *path, size_t layer, const char *link)
{
	CLEANUP(packages_done)
	struct packages before = { NULL, 0, 0 };
	struct node *node;

	assert_int_equal(tree_put(t, path, link != NULL ? WANTED_NOT : WANTED_DPKG, layer,
				  link, &before, &node, NULL),
			 0);
}

static void resolves(const struct tree *t, const char *name, bool last, const char *to)
{
	char out[TREE_PATH_MAX];

	if (tree_resolve(t, name, last, out) != 0)
		assert_null(to);
	else
		assert_string_equal(out, to);
}

static void names(void **state)
{
	CLEANUP(tree_done)
	struct tree t;
	char longest[TREE_PATH_MAX + 1];

	tree_init(&t);
	resolves(&t, "", true, "");
	resolves(&t, "/a//b/./c/", true, "a/b/c");
	resolves(&t, "a/../../b", true, "b");
	put(&t, "lib", 0, "usr/lib");
	put(&t, "a/up", 0, "../b/./c");
	put(&t, "root", 0, "/");
	put(&t, "far", 0, "/lib/../x");
	put(&t, "ring1", 0, "ring2");
	put(&t, "ring2", 0, "./ring1");
	resolves(&t, "lib/x", true, "usr/lib/x");
	resolves(&t, "lib", false, "lib");
	resolves(&t, "lib", true, "usr/lib");
	resolves(&t, "libx/y", true, "libx/y");
	resolves(&t, "a/up/d", true, "b/c/d");
	resolves(&t, "root/lib/y", true, "usr/lib/y");
	resolves(&t, "far/z", true, "usr/x/z");
	resolves(&t, "ring1/x", true, NULL);
	resolves(&t, "ring1", false, "ring1");
	memset(longest, 'a', sizeof(longest));
	longest[TREE_PATH_MAX - 2] = '\0';
	resolves(&t, longest, true, longest);
	longest[TREE_PATH_MAX - 2] = 'a';
	longest[TREE_PATH_MAX] = '\0';
	resolves(&t, longest, true, NULL);
}

static void has(const struct tree *t, const char *path, bool want)
{
	if ((tree_find(t, path) != NULL) != want)
		fail_msg("%s", path);
}

static void places(void **state)
{
	CLEANUP(tree_done)
	struct tree t;

	tree_init(&t);
	put(&t, "a/b", 0, NULL);
	put(&t, "a-b", 0, NULL);
	put(&t, "a/b-c", 0, NULL);
	put(&t, "ab", 0, NULL);
	put(&t, "a", 1, NULL); /* what was below goes, what only looks so does not */
	has(&t, "a/b", false);
	has(&t, "a/b-c", false);
	has(&t, "a-b", true);
	has(&t, "ab", true);
	tree_cover(&t, "a", true);
	has(&t, "a", false);
	put(&t, "d/e", 1, NULL);
	tree_cover(&t, "d", true); /* a folder that is there already */
	has(&t, "d/e", true);
	tree_cover(&t, "d", false);
	has(&t, "d/e", false);
}

static void whiteouts(void **state)
{
	CLEANUP(tree_done)
	struct tree t;

	tree_init(&t);
	put(&t, "d/old", 0, NULL);
	put(&t, "d/new", 2, NULL);
	put(&t, "d.x", 0, NULL);
	put(&t, "e", 0, "d");
	tree_opaque(&t, "d", 2);
	has(&t, "d/old", false);
	has(&t, "d/new", true);
	has(&t, "d.x", true);
	assert_int_equal(t.ways, 1);
	tree_whiteout(&t, "e", 0); /* its own layer's */
	has(&t, "e", true);
	tree_whiteout(&t, "e", 1);
	has(&t, "e", false);
	assert_int_equal(t.ways, 0);
	tree_opaque(&t, "", 3);
	assert_int_equal(t.n, 0);
}

static void limits(void **state)
{
	CLEANUP(tree_done)
	struct tree t;
	CLEANUP(packages_done)
	struct packages before = { NULL, 0, 0 };
	struct node *node;
	struct err e = { 0 };
	char path[32];
	int i;

	tree_init(&t);
	for (i = 0; i < TREE_MAX_WAYS; i++) {
		snprintf(path, sizeof(path), "w%d", i);
		put(&t, path, 0, "x");
	}
	assert_err(tree_put(&t, "over", WANTED_NOT, 0, "x", &before, &node, &e), e,
		   ERR_LIMIT);
	for (i = (int)t.n; i < CONTENTS_MAX_FILES; i++) {
		snprintf(path, sizeof(path), "z%08d", i);
		put(&t, path, 0, NULL);
	}
	put(&t, "w0", 1, NULL); /* in place of another: room enough */
	assert_err(tree_put(&t, "over", WANTED_DPKG, 0, NULL, &before, &node, &e), e,
		   ERR_LIMIT);
}

static void paths(void **state)
{
	assert_int_equal(wanted_path("var/lib/dpkg/status"), WANTED_DPKG);
	assert_int_equal(wanted_path("var/lib/dpkg/status.d"), WANTED_NOT);
	assert_int_equal(wanted_path("var/lib/dpkg/status.d/x"), WANTED_DPKG);
	assert_int_equal(wanted_path("var/lib/dpkg/status.d/x.md5sums"), WANTED_NOT);
	assert_int_equal(wanted_path("var/lib/dpkg/status.d/x/y"), WANTED_NOT);
	assert_int_equal(wanted_path("var/lib/dpkg/status-old"), WANTED_NOT);
	assert_int_equal(wanted_path("x/var/lib/dpkg/status"), WANTED_NOT);
	assert_int_equal(wanted_path("a/b.dist-info/METADATA"), WANTED_PYTHON);
	assert_int_equal(wanted_path("b.egg-info/PKG-INFO"), WANTED_PYTHON);
	assert_int_equal(wanted_path("a/b.egg-info"), WANTED_PYTHON);
	assert_int_equal(wanted_path("a/b.dist-info/RECORD"), WANTED_NOT);
	assert_int_equal(wanted_path("usr/lib/sysimage/rpm/rpmdb.sqlite"), WANTED_RPM);
	assert_true(wanted_is_way("var") && wanted_is_way("var/lib/dpkg/status.d"));
	assert_true(wanted_is_way("etc/os-release") && !wanted_is_way("va"));
	assert_false(wanted_is_way("var/lib/dpkg/info") || wanted_is_way("usr/bin"));
	assert_int_equal(wanted_limit(WANTED_DPKG), CONTENTS_MAX_DATABASE);
}

static void sought(void **state)
{
	CLEANUP(seek_done)
	struct seek s = { NULL, 0, 0, false };
	CLEANUP(tree_done)
	struct tree t;
	bool hidden;

	tree_init(&t);
	put(&t, "var/lib/dpkg", 0, "/data/dpkg");
	put(&t, "usr/lib", 0, "../lib"); /* to places that are known anyway */
	seek_links(&s, &t);
	assert_int_equal(seek_what(&s, "data/dpkg/status", &hidden), WANTED_DPKG);
	assert_false(hidden);
	assert_int_equal(seek_what(&s, "data/dpkg/status.d/x", &hidden), WANTED_DPKG);
	assert_int_equal(seek_what(&s, "data/dpkg/status.d/x.list", &hidden), WANTED_NOT);
	assert_int_equal(seek_what(&s, "data/dpkg/info", &hidden), WANTED_NOT);
	assert_true(seek_is_way(&s, "data") && seek_is_way(&s, "data/dpkg"));
	assert_false(seek_is_way(&s, "dat") || seek_is_way(&s, "data/x"));
	seek_hard(&s, "objects/1", WANTED_PYTHON);
	assert_int_equal(seek_what(&s, "objects/1", &hidden), WANTED_PYTHON);
	assert_true(hidden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),     cmocka_unit_test(places),
		cmocka_unit_test(whiteouts), cmocka_unit_test(limits),
		cmocka_unit_test(paths),     cmocka_unit_test(sought),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
