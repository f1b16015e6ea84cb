/* Paths: registry:2's, to the letter, and the longest there can be. */
#include "unit.h"

#include "store_try.h"
#include "store/layout.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define REPO "docker/registry/v2/repositories/library/python/"

static void paths_of_registry_2(void **state)
{
	struct reponame name = try_name("library/python");
	struct digest d = try_digest("abc");
	layout_path p;

	layout_blob(p, &d);
	assert_string_equal(p, "docker/registry/v2/blobs/sha256/ba/" HEX "/data");
	layout_layer(p, &name, &d);
	assert_string_equal(p, REPO "_layers/sha256/" HEX "/link");
	layout_revision(p, &name, &d);
	assert_string_equal(p, REPO "_manifests/revisions/sha256/" HEX "/link");
	layout_tags(p, &name);
	assert_string_equal(p, REPO "_manifests/tags");
	layout_tag(p, &name, "3.11-slim");
	assert_string_equal(p, REPO "_manifests/tags/3.11-slim/current/link");
	layout_tag_index(p, &name, "3.11-slim", &d);
	assert_string_equal(p,
			    REPO "_manifests/tags/3.11-slim/index/sha256/" HEX "/link");
}

static void paths_of_our_own(void **state)
{
	struct reponame name = try_name("a/b");
	struct digest d = try_digest("abc");
	layout_path p;

	layout_partial(p, &d);
	assert_string_equal(p, "larder/partial/sha256-" HEX);
	layout_type(p, &d);
	assert_string_equal(p, "larder/types/sha256/" HEX);
	layout_tag_check(p, &name, "v1");
	assert_string_equal(p, "larder/tags/a/b/_tags/v1");
}

static void the_longest_fit(void **state)
{
	char *name_text = unit_repeat('n', NAME_MAX_BYTES);
	char *tag = unit_repeat('t', TAG_MAX_BYTES);
	struct reponame name = try_name(name_text);
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	layout_path p;

	digest_of(HASH_SHA512, "abc", 3, &d);
	digest_hex(&d, text);
	layout_blob(p, &d);
	assert_non_null(strstr(p, text));
	layout_layer(p, &name, &d);
	layout_revision(p, &name, &d);
	assert_true(strlen(p) < LAYOUT_PATH_MAX - 1);
	layout_tag(p, &name, tag);
	assert_non_null(strstr(p, tag));
	layout_tag_index(p, &name, tag, &d);
	assert_true(strlen(p) < LAYOUT_PATH_MAX - 1);
	assert_non_null(strstr(p, name_text));
	assert_non_null(strstr(p, tag));
	assert_non_null(strstr(p, text));
	assert_string_equal(p + strlen(p) - 5, "/link");
	layout_partial(p, &d);
	layout_type(p, &d);
	layout_tag_check(p, &name, tag);
	assert_string_equal(p + strlen(p) - TAG_MAX_BYTES, tag);
	test_free(name_text);
	test_free(tag);
}

/* No name, tag or digest may lead into a folder of another kind. */
static void kinds_do_not_meet(void **state)
{
	struct reponame name = try_name("a");
	struct reponame nested = try_name("a/tags");
	layout_path p, q;

	layout_tag_check(p, &name, "_tags");
	layout_tag_check(q, &nested, "x");
	assert_string_equal(p, "larder/tags/a/_tags/_tags");
	assert_string_equal(q, "larder/tags/a/tags/_tags/x");
	assert_int_equal(reponame_parse(VIEW("a/_tags"), &name, NULL), -1);
	assert_int_equal(reponame_parse(VIEW("a/_layers"), &name, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_registry_2),
		cmocka_unit_test(paths_of_our_own),
		cmocka_unit_test(the_longest_fit),
		cmocka_unit_test(kinds_do_not_meet),
	};

	return cmocka_run_group_tests_name("store/layout", tests, NULL, NULL);
}
