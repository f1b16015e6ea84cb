/* How large a blob may be: from memory, or from the manifests that are here. */
#include "unit.h"

#include "manifest_try.h"
#include "mirror/bound.h"
#include "store/mstore.h"
#include "store_try.h"

#define OTHERWISE 77

static void put(struct store *s, const char *repo, const char *text)
{
	struct stored *m = try_stored(text, MEDIATYPE_OCI_MANIFEST);
	struct reponame name = try_name(repo);
	struct manifest parsed;
	struct err e;

	assert_int_equal(manifest_parse(view_of(text), &parsed, &e), 0);
	assert_int_equal(mstore_put(s, &name, m, &parsed, &e), 0);
	manifest_done(&parsed);
	stored_unref(m);
}

static uint64_t bound(struct store *s, struct sizes *sizes, const char *repo,
		      const char *digest)
{
	struct reponame name = try_name(repo);
	struct digest d;

	assert_int_equal(digest_parse(view_of(digest), &d, NULL), 0);
	return bound_of(s, sizes, &name, &d, OTHERWISE);
}

static void of_a_stored_manifest(void **state)
{
	struct sizes *sizes = sizes_new(); /* as after a start: it knows nothing */
	struct store *s = try_store(state);

	assert_int_equal(bound(s, sizes, "a", TRY_LAYER), OTHERWISE); /* no repository */
	put(s, "a", TRY_IMAGE);
	assert_int_equal(bound(s, sizes, "b", TRY_LAYER), OTHERWISE); /* another's */
	assert_int_equal(bound(s, sizes, "a", TRY_LAYER), 2);
	assert_int_equal(bound(s, sizes, "a", TRY_CONFIG), 1);
	sizes_free(sizes);
}

static void named_by_none(void **state)
{
	struct sizes *sizes = sizes_new();
	struct store *s = try_store(state);
	struct digest d = try_digest("nothing");
	char text[DIGEST_TEXT_MAX];

	digest_text(&d, text);
	put(s, "a", TRY_IMAGE);
	put(s, "a", TRY_INDEX); /* what it names are manifests */
	assert_int_equal(bound(s, sizes, "a", text), OTHERWISE);
	sizes_free(sizes);
}

static void from_memory(void **state)
{
	struct sizes *sizes = sizes_new();
	struct store *s = try_store(state);
	struct manifest parsed;

	assert_int_equal(manifest_parse(view_of(TRY_IMAGE), &parsed, NULL), 0);
	sizes_note(sizes, &parsed);
	manifest_done(&parsed);
	assert_int_equal(bound(s, sizes, "a", TRY_LAYER), 2); /* not stored yet */
	sizes_free(sizes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(of_a_stored_manifest),
		IN_STORE(named_by_none),
		IN_STORE(from_memory),
	};

	return cmocka_run_group_tests_name("mirror/bound", tests, NULL, NULL);
}
