/* Manifests in repositories: links of what they name, exact types, and broken files. */
#include "unit.h"

#include "manifest_try.h"
#include "store_try.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/note.h"

static int put(struct store *s, const char *repo, const char *text, const char *type,
	       struct err *e)
{
	struct stored *m = try_stored(text, type);
	struct reponame name = try_name(repo);
	struct manifest parsed;
	int rc;

	assert_int_equal(manifest_parse(view_of(text), &parsed, e), 0);
	rc = mstore_put(s, &name, m, &parsed, e);
	manifest_done(&parsed);
	stored_unref(m);
	return rc;
}

static int get(struct store *s, const char *repo, const char *text, struct stored **out,
	       struct err *e)
{
	struct reponame name = try_name(repo);
	struct digest d = try_digest(text);

	return mstore_get(s, &name, &d, out, e);
}

/* The store as the next process finds it: with nothing in memory. */
static struct store *reopen(void **state)
{
	struct try *t = *state;
	struct err e;

	store_close(t->s);
	assert_int_equal(store_open(t->tmp->path, &t->s, &e), 0);
	return t->s;
}

static void assert_got(struct store *s, const char *repo, const char *text,
		       const char *type)
{
	struct stored *m;
	struct err e;

	assert_int_equal(get(s, repo, text, &m, &e), 0);
	assert_string_equal(m->media_type, type);
	assert_int_equal(m->n, strlen(text));
	assert_memory_equal(m->body, text, m->n);
	stored_unref(m);
}

static bool is_visible(struct store *s, const char *repo, const char *digest)
{
	struct reponame name = try_name(repo);
	struct digest d;

	assert_int_equal(digest_parse(view_of(digest), &d, NULL), 0);
	return link_exists(s, LINK_LAYER, &name, &d);
}

static void image(void **state)
{
	struct store *s = try_store(state);
	struct stored *m;
	struct err e = { 0 };

	assert_err(get(s, "a", TRY_IMAGE, &m, &e), e, ERR_NOT_FOUND);
	assert_int_equal(put(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
	s = reopen(state);
	assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
	assert_true(is_visible(s, "a", TRY_CONFIG));
	assert_true(is_visible(s, "a", TRY_LAYER));
	assert_false(is_visible(s, "b", TRY_LAYER));
	assert_false(try_exists(s, "larder/types")); /* its bytes tell */
}

/* Also not by way of what is in memory. */
static void only_where_it_was_put(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(TRY_IMAGE);
	struct err e = { 0 };
	struct stored *m;

	assert_int_equal(put(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	assert_err(get(s, "b", TRY_IMAGE, &m, &e), e, ERR_NOT_FOUND);
	assert_int_equal(mstore_load(s, &d, &m, &e), 0); /* whichever has it */
	stored_unref(m);
	assert_int_equal(put(s, "b", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	assert_got(s, "b", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
}

/* An index's manifests are no blobs. */
static void index_of_manifests(void **state)
{
	struct store *s = try_store(state);
	struct err e;

	assert_int_equal(put(s, "a", TRY_INDEX, MEDIATYPE_OCI_INDEX, &e), 0);
	assert_got(s, "a", TRY_INDEX, MEDIATYPE_OCI_INDEX);
	assert_false(is_visible(s, "a", TRY_LAYER));
}

static void exact_type_is_kept_beside(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(TRY_IMAGE);
	layout_path path;
	struct err e;

	assert_int_equal(put(s, "a", TRY_IMAGE, "Application/JSON", &e), 0);
	assert_got(s, "a", TRY_IMAGE, "Application/JSON");
	s = reopen(state);
	assert_got(s, "a", TRY_IMAGE, "Application/JSON");
	layout_type(path, &d);
	assert_true(try_exists(s, path));
	/* Another said better: all go by it, now and later. */
	assert_int_equal(put(s, "b", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
	s = reopen(state);
	assert_got(s, "b", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
}

static void types_nobody_can_read(void **state)
{
	char *longer = unit_repeat('t', MEDIATYPE_MAX);
	const char *bad[] = { "", longer, "t/t\r\nX: y", "t/\x01", "t/\xff" };
	struct digest d = try_digest(TRY_IMAGE);
	struct store *s = try_store(state);
	layout_path path;
	struct err e;
	size_t i;

	layout_type(path, &d);
	assert_int_equal(put(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(note_write(s, path, view_of(bad[i]), true, &e), 0);
		s = reopen(state);
		assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
		try_put(s, path, bad[i]); /* without its check */
		s = reopen(state);
		assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
	}
	longer[MEDIATYPE_MAX - 1] = '\0';
	assert_int_equal(note_write(s, path, view_of(longer), true, &e), 0);
	s = reopen(state);
	assert_got(s, "a", TRY_IMAGE, longer);
	test_free(longer);
}

static void corrupt_files(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(TRY_IMAGE), text = try_digest("no manifest");
	struct reponame a = try_name("a");
	struct err e = { 0 };
	struct stored *m;
	layout_path path;

	assert_int_equal(put(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	s = reopen(state);
	layout_blob(path, &d);
	try_put(s, path, TRY_INDEX);
	assert_err(get(s, "a", TRY_IMAGE, &m, &e), e, ERR_CORRUPT);
	try_put(s, path, "");
	assert_err(get(s, "a", TRY_IMAGE, &m, &e), e, ERR_CORRUPT);
	assert_int_equal(fs_unlink(s->dirfd, path, &e), 0);
	assert_err(get(s, "a", TRY_IMAGE, &m, &e), e, ERR_NOT_FOUND);
	/* The right bytes, but of no manifest. */
	layout_blob(path, &text);
	try_put(s, path, "no manifest");
	assert_int_equal(link_add(s, LINK_REVISION, &a, &text, false, &e), 0);
	assert_err(mstore_get(s, &a, &text, &m, &e), e, ERR_CORRUPT);
	assert_true(try_exists(s, path)); /* nothing is removed */
	assert_int_equal(put(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST, &e), 0);
	assert_got(s, "a", TRY_IMAGE, MEDIATYPE_OCI_MANIFEST);
}

/* A layer of any size that somebody asks for as a manifest. */
static void larger_than_any_manifest(void **state)
{
	char *big = unit_repeat('x', MANIFEST_MAX_BYTES + 1);
	struct store *s = try_store(state);
	struct digest d = try_digest(big);
	struct err e = { 0 };
	struct stored *m;
	layout_path path;

	layout_blob(path, &d);
	try_put(s, path, big);
	assert_err(mstore_load(s, &d, &m, &e), e, ERR_LIMIT);
	test_free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(image),
		IN_STORE(only_where_it_was_put),
		IN_STORE(index_of_manifests),
		IN_STORE(exact_type_is_kept_beside),
		IN_STORE(types_nobody_can_read),
		IN_STORE(corrupt_files),
		IN_STORE(larger_than_any_manifest),
	};

	return cmocka_run_group_tests_name("store/mstore", tests, NULL, NULL);
}
