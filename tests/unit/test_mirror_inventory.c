/* The inventory: rows of every kind, in pages of every size, damage as a row. */
#include "unit.h"

#include "inventory_try.h"

static void sizes(void **state)
{
	struct store *s = try_store(state);
	struct inventory_ask ask = { 0 };
	const struct inventory_row *r;
	struct digest d;
	struct got *g;

	put_image(s, "library/a", "1", AMD64, "common", "only of a", true);
	d = put_image(s, "library/b", "1", "{}", "common", "common", true);
	put_index(s, "library/b", "all", &d);
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 3);
	assert_string_equal(g->next, "");
	assert_int_equal(g->counted, g->seen);

	r = row_of(g, "a", "1");
	assert_string_equal(r->repository.s, "library/a");
	assert_string_equal(r->kind, "image");
	assert_string_equal(r->media_type, MEDIATYPE_OCI_MANIFEST);
	assert_true(r->complete);
	assert_int_equal(r->shared, 6);
	assert_int_equal(r->nplatforms, 1);
	assert_string_equal(r->platform[0].platform.arch, "amd64");
	assert_true(r->platform[0].complete);
	assert_true(r->stored_ms > 0);
	assert_int_equal(r->state, INVENTORY_DUE);

	/* Both blobs of b are one; all that "1" has, "all" has too. */
	r = row_of(g, "b", "1");
	assert_int_equal(r->listed, 0);
	assert_int_equal(r->shared, r->bytes);
	assert_int_equal(row_of(g, "b", "all")->shared, r->bytes);
	assert_true(row_of(g, "b", "all")->bytes > r->bytes);
	assert_int_equal(g->counted,
			 row_of(g, "a", "1")->bytes - 6 + row_of(g, "b", "all")->bytes);
	r = row_of(g, "b", "all");
	assert_string_equal(r->kind, "index");
	assert_false(r->complete);
	assert_int_equal(r->nplatforms, 2);
	assert_true(r->platform[0].complete);
	assert_false(r->platform[1].complete);
	assert_string_equal(r->platform[1].platform.variant, "v7");
	free(g);
}

static void states(void **state)
{
	struct store *s = try_store(state);
	struct inventory_ask ask = { 0 };
	const struct inventory_row *r;
	struct digest d, other = try_digest("other");
	struct got *g;

	d = put_image(s, "library/x", "new", AMD64, "1", "2", true);
	put_image(s, "library/x", "old", AMD64, "1", "2", true);
	put_image(s, "library/x", "never", AMD64, "1", "2", true);
	put_image(s, "library/x", "moved", AMD64, "1", "2", true);
	put_image(s, "library/x", "ahead", AMD64, "1", "2", true);
	checked(s, "library/x", "new", &d, 60000);
	checked(s, "library/x", "old", &d, 3700000);
	checked(s, "library/x", "moved", &other, 60000);
	checked(s, "library/x", "ahead", &d, -7200000);
	put_image(s, "library/pinned", "1", AMD64, "1", "2", true);
	put_image(s, "quay.io/q/x", "1", AMD64, "1", "2", true);
	put_image(s, "team/x", "1", AMD64, "1", "2", true);
	put_image(s, "gcr.io/x/y", "1", AMD64, "1", "2", true);
	put_image(s, "bare", "1", AMD64, "1", "2", true);
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 10);
	r = row_of(g, "x", "new");
	assert_int_equal(r->state, INVENTORY_FRESH);
	assert_true(r->checked_ms > 0);
	assert_int_equal(r->used_ms, 0);
	assert_int_equal(row_of(g, "x", "old")->state, INVENTORY_DUE);
	assert_int_equal(row_of(g, "x", "never")->state, INVENTORY_DUE);
	assert_int_equal(row_of(g, "x", "moved")->state, INVENTORY_DUE);
	assert_int_equal(row_of(g, "x", "moved")->checked_ms, 0);
	assert_int_equal(row_of(g, "x", "ahead")->state, INVENTORY_DUE);
	assert_int_equal(row_of(g, "pinned", "1")->state, INVENTORY_PINNED);
	assert_int_equal(row_of(g, "quay.io/q/x", "1")->state, INVENTORY_DUE);
	assert_int_equal(row_of(g, "team/x", "1")->state, INVENTORY_LOCAL);
	assert_int_equal(row_of(g, "gcr.io/x/y", "1")->state, INVENTORY_UNSERVED);
	assert_int_equal(row_of(g, "bare", "1")->state, INVENTORY_UNSERVED);
	free(g);
}

static void remove_file(struct store *s, const struct digest *d)
{
	layout_path path;

	layout_blob(path, d);
	assert_int_equal(fs_unlink(s->dirfd, path, NULL), 0);
}

static const struct inventory_row *damaged_row(const struct got *g, const char *name,
					       const char *says)
{
	const struct inventory_row *r = row_of(g, name, "1");

	if (r->state != INVENTORY_DAMAGED || strstr(r->reason, says) == NULL)
		fail_msg("%s: %s, \"%s\"", name, inventory_state_word(r->state),
			 r->reason);
	return r;
}

static void damage(void **state)
{
	struct store *s = try_store(state);
	struct inventory_ask ask = { 0 };
	struct digest d;
	layout_path path;
	struct got *g;

	put_image(s, "team/whole", "1", AMD64, "1", "2", true);
	put_image(s, "team/lacks", "1", AMD64, "1", "absent", false);
	put_image(s, "library/lacks", "1", AMD64, "1", "absent", false);
	put_image(s, "team/short", "1", AMD64, "1", "long once", true);
	d = try_digest("long once");
	layout_blob(path, &d);
	try_put(s, path, "cut");
	put_image(s, "team/torn", "1", AMD64, "1", "2", true);
	try_put(s, LAYOUT_REPOSITORIES "/team/torn/_manifests/tags/1/current/link", "");
	d = put_image(s, "team/gone", "1", AMD64, "1", "gone", true);
	remove_file(s, &d);
	d = put_image(s, "team/wrong", "1", AMD64, "1", "wrong", true);
	layout_blob(path, &d);
	try_put(s, path, "other bytes");
	d = put_image(s, "team/unlinked", "1", AMD64, "1", "unlinked", true);
	layout_revision(path, &(struct reponame){ "team/unlinked" }, &d);
	assert_int_equal(fs_unlink(s->dirfd, path, NULL), 0);

	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 8);
	assert_int_equal(row_of(g, "team/whole", "1")->state, INVENTORY_LOCAL);
	assert_false(damaged_row(g, "team/lacks", "not here")->complete);
	assert_int_equal(row_of(g, "lacks", "1")->state, INVENTORY_DUE);
	assert_false(row_of(g, "lacks", "1")->complete);
	assert_int_equal(damaged_row(g, "team/short", "has 3 bytes, not 9")->nplatforms,
			 1);
	assert_false(damaged_row(g, "team/torn", "torn")->has_digest);
	assert_true(damaged_row(g, "team/gone", "not here")->has_digest);
	assert_int_equal(damaged_row(g, "team/wrong", "does not match")->bytes, 0);
	damaged_row(g, "team/unlinked", "manifest is not here");
	free(g);
}

static void without_tags(void **state)
{
	struct store *s = try_store(state);
	struct inventory_ask ask = { .all = true };
	struct digest child, lone;
	struct got *g;

	child = put_image(s, "library/a", NULL, AMD64, "1", "2", true);
	put_index(s, "library/a", "tagged", &child);
	lone = put_image(s, "library/a", NULL, AMD64, "1", "3", true);
	put_image(s, "library/b", NULL, AMD64, "1", "3", true);
	put_image(s, "team/b", NULL, AMD64, "1", "3", true);
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 4);
	assert_true(digest_equal(&row_of(g, "a", "")->digest, &lone));
	assert_int_equal(row_of(g, "a", "")->state, INVENTORY_UNTAGGED);
	assert_int_equal(row_of(g, "team/b", "")->state, INVENTORY_LOCAL);
	free(g);
	ask.all = false;
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 1);
	free(g);
}

/* Pages of every length from every place are the whole. */
static void pages(void **state)
{
	static const char *const tags[] = { "1", "1-a", "1.0", "latest" };
	static const char *const repos[] = { "a", "a-b", "a/c", "z" };
	struct store *s = try_store(state);
	struct inventory_ask ask = { .all = true };
	struct got *all, *g;
	size_t i, max, n;

	for (i = 0; i < 16; i++)
		put_image(s, repos[i / 4], tags[i % 4], AMD64, "1", "2", true);
	put_image(s, "a", NULL, AMD64, "1", "3", true);
	put_image(s, "a", NULL, AMD64, "1", "4", true);
	all = look(s, &ask, "", 100);
	assert_int_equal(all->n, 18);
	for (max = 1; max <= 19; max++) {
		inventory_place last = "";

		n = 0;
		do {
			g = look(s, &ask, last, max);
			assert_true(g->n <= max && n + g->n <= all->n);
			for (i = 0; i < g->n; i++, n++) {
				assert_string_equal(g->row[i].repository.s,
						    all->row[n].repository.s);
				assert_string_equal(g->row[i].tag, all->row[n].tag);
				assert_true(digest_equal(&g->row[i].digest,
							 &all->row[n].digest));
				assert_int_equal(g->row[i].shared, all->row[n].shared);
			}
			memcpy(last, g->next, sizeof(last));
			free(g);
		} while (last[0] != '\0');
		assert_int_equal(n, all->n);
	}
	g = look(s, &ask, "a-b:0", 100); /* a place that is none */
	assert_int_equal(g->n, 12);
	free(g);
	g = look(s, &ask, "NO name:%", 100);
	assert_int_equal(g->n, 18);
	free(g);
	free(all);
}

static bool only_team(void *arg, const char *name)
{
	return strncmp(name, "team/", 5) == 0;
}

static bool tag_two(void *arg, const char *shown, const char *tag)
{
	return strcmp(tag, "2") == 0;
}

static void filters(void **state)
{
	struct store *s = try_store(state);
	struct inventory_ask ask = { .may = only_team };
	struct got *g;

	put_image(s, "team/x", "1", AMD64, "one", "two", true);
	put_image(s, "team/x", "2", AMD64, "one", "three", true);
	put_image(s, "secret/x", "2", AMD64, "three", "four", true);
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 2);
	/* What others have is not told either. */
	assert_int_equal(row_of(g, "team/x", "2")->shared, strlen(AMD64 "one"));
	free(g);
	ask.want = tag_two;
	g = look(s, &ask, "", 100);
	assert_int_equal(g->n, 1);
	assert_int_equal(row_of(g, "team/x", "2")->shared, strlen(AMD64 "one"));
	assert_int_equal(g->seen, row_of(g, "team/x", "2")->bytes);
	assert_true(g->counted > g->seen);
	free(g);
}

static void stopped(void **state)
{
	struct store *s = try_store(state);
	atomic_bool stop = true;
	struct inventory_ask ask = { .store = s, .plan = plan(), .stop = &stop };
	struct shares *shares = shares_new();
	struct err e = { 0 };

	put_image(s, "team/x", "1", AMD64, "one", "two", true);
	assert_err(inventory_count(&ask, shares, &e), e, ERR_CANCELLED);
	plan_unref(ask.plan);
	shares_free(shares);
}

static void used(void **state)
{
	struct store *s = try_store(state);
	struct digest d = put_image(s, "library/x", "1", AMD64, "one", "two", true);
	struct reference by_digest = { .is_digest = true, .digest = d }, by_tag;
	struct reponame x = try_name("library/x");
	struct usage *u = usage_new(s, NULL);
	struct inventory_ask ask = { 0 };
	struct got *g;

	put_image(s, "library/x", "2", AMD64, "one", "two", true);
	assert_int_equal(reference_parse(VIEW("1"), &by_tag, NULL), 0);
	usage_note(u, &x, &by_tag);
	usage_note(u, &x, &by_digest);
	usage_note(u, &x, &by_digest);
	usage_free(u);
	g = look(s, &ask, "", 100);
	assert_int_equal(row_of(g, "x", "1")->uses, 1);
	assert_int_equal(row_of(g, "x", "2")->uses, 2);
	assert_true(row_of(g, "x", "2")->used_ms > 0);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(sizes),   IN_STORE(states),  IN_STORE(damage),
		IN_STORE(pages),   IN_STORE(filters), IN_STORE(without_tags),
		IN_STORE(stopped), IN_STORE(used),
	};

	return cmocka_run_group_tests_name("mirror/inventory", tests, NULL, NULL);
}
