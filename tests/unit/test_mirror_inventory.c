/* The inventory: rows of every kind, in pages of every size, damage as a row. */
#include "unit.h"

#include "store_try.h"

#include <stdio.h>

#include "base/clock.h"
#include "mirror/inventory.h"
#include "mirror/inventory_json.h"
#include "oci/pattern.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/tag.h"

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"
#define MAX_ROWS 32

struct got {
	struct inventory_row row[MAX_ROWS];
	size_t n, enough; /* 0: never */
	inventory_place next;
	uint64_t counted, seen;
	bool unknown;
};

/* --- a store to look at
 * -----------------------------------------------------------------
 */

static struct digest put_blob(struct store *s, const char *content)
{
	struct digest d = try_digest(content);

	assert_int_equal(blob_put(s, &d, content, strlen(content), NULL), 0);
	return d;
}

static struct digest put_manifest(struct store *s, const char *repo, const char *tag,
				  const char *body)
{
	struct reponame name = try_name(repo);
	struct digest d = try_digest(body);
	struct manifest doc;
	struct stored *m;

	assert_int_equal(manifest_parse(view_of(body), &doc, NULL), 0);
	m = stored_new(&d, doc.media_type, view_of(body));
	assert_int_equal(mstore_put(s, &name, m, &doc, NULL), 0);
	stored_unref(m);
	manifest_done(&doc);
	if (tag != NULL)
		assert_int_equal(tag_set(s, &name, tag, &d, NULL), 0);
	return d;
}

/* One config and two layers; NULL: that one is not here. */
static struct digest put_image(struct store *s, const char *repo, const char *tag,
			       const char *config, const char *first, const char *second,
			       bool whole)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX], c[DIGEST_TEXT_MAX], body[2048];
	struct digest d = put_blob(s, config);

	digest_text(&d, a);
	d = put_blob(s, first);
	digest_text(&d, b);
	d = whole ? put_blob(s, second) : try_digest(second);
	digest_text(&d, c);
	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		 "\",\"config\":{\"mediaType\":\"" CONFIG_TYPE
		 "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":["
		 "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"%s\",\"size\":%zu},"
		 "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"%s\",\"size\":%zu}]}",
		 a, strlen(config), b, strlen(first), c, strlen(second));
	return put_manifest(s, repo, tag, body);
}

/* Two platforms, one of them not here, and an attestation. */
static struct digest put_index(struct store *s, const char *repo, const char *tag,
			       const struct digest *here)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX], body[2048];
	struct digest other = try_digest("not here");

	digest_text(here, a);
	digest_text(&other, b);
	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX
		 "\",\"manifests\":["
		 "{\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		 "\",\"digest\":\"%s\",\"size\":3,"
		 "\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
		 "{\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		 "\",\"digest\":\"%s\",\"size\":3,\"platform\":{\"os\":\"linux\","
		 "\"architecture\":\"arm\",\"variant\":\"v7\"}}]}",
		 a, b);
	return put_manifest(s, repo, tag, body);
}

#define AMD64 "{\"os\":\"linux\",\"architecture\":\"amd64\"}"
#define BAD "{\"os\":\"\\u001b[2J\",\"architecture\":\"x\"}"

static void checked(struct store *s, const char *repo, const char *tag,
		    const struct digest *d, int64_t ago_ms)
{
	struct reponame name = try_name(repo);

	assert_int_equal(tag_check_set(s, &name, tag, d, clock_wall_ms() - ago_ms, NULL),
			 0);
}

static struct plan *plan(void)
{
	struct plan *p = plan_new();
	const char *const hosts[] = { "docker.io", "quay.io" };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct upstream_conf conf = { .host = hosts[i],
					      .url = "http://127.0.0.1:1" };
		struct tag_policy hourly = { TAG_AGE, 3600000 };
		struct err e;

		assert_int_equal(
			plan_add_site(p, upstream_new(&conf, &e), i == 0, hourly, &e), 0);
	}
	plan_add_tags(p, "docker.io/library/pinned:*",
		      (struct tag_policy){ TAG_PINNED, 0 });
	plan_add_local(p, "team/**");
	return p;
}

/* --- asking
 * -----------------------------------------------------------------------------
 */

static int take(void *arg, const struct inventory_row *r, struct err *e)
{
	struct got *g = arg;

	assert_true(g->n < MAX_ROWS);
	g->row[g->n++] = *r;
	return g->enough != 0 && g->n >= g->enough;
}

static struct got *look(struct store *s, struct inventory_ask *ask, const char *last,
			size_t max)
{
	struct shares *shares = shares_new();
	struct got *g = mem_alloc(sizeof(*g));
	struct err e;

	ask->store = s;
	ask->plan = plan();
	ask->usage = usage_reader_open(s);
	assert_int_equal(inventory_count(ask, shares, &e), 0);
	assert_int_equal(inventory_list(ask, shares, last, max, take, g, g->next, &e), 0);
	g->counted = shares_counted_bytes(shares);
	g->seen = shares_seen_bytes(shares);
	usage_reader_close(ask->usage);
	plan_unref(ask->plan);
	shares_free(shares);
	return g;
}

static const struct inventory_row *row_of(const struct got *g, const char *shown,
					  const char *tag)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (strcmp(g->row[i].shown, shown) == 0 &&
		    strcmp(g->row[i].tag, tag) == 0)
			return &g->row[i];
	fail_msg("no row for %s:%s", shown, tag);
	return NULL;
}

/* --- tests
 * ------------------------------------------------------------------------------
 */

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
		fail_msg("%s: %s, \"%s\"", name, inventory_word(r->state), r->reason);
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
	struct usage *u = usage_new(s);
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

/* A row survives the way to another larder, but for what could harm a terminal. */
static void as_json(void **state)
{
	struct store *s = try_store(state);
	struct buf line = BUF_INIT(INVENTORY_JSON_MAX);
	struct inventory_row *back = mem_alloc(sizeof(*back));
	struct inventory_ask ask = { 0 };
	const struct inventory_row *r;
	struct err e = { 0 };
	struct got *g;
	struct digest d;

	d = put_image(s, "library/x", "1", BAD, "one", "two", true);
	put_index(s, "library/x", "2", &d);
	checked(s, "library/x", "2", &d, 60000);
	g = look(s, &ask, "", 100);
	r = row_of(g, "x", "2");
	assert_int_equal(inventory_json_write(&line, r), 0);
	assert_int_equal(line.p[line.n - 1], '\n');
	assert_int_equal(inventory_json_read(buf_view(&line), back, &e), 0);
	assert_string_equal(back->shown, "x");
	assert_string_equal(back->repository.s, "library/x");
	assert_true(digest_equal(&back->digest, &r->digest));
	assert_int_equal(back->bytes, r->bytes);
	assert_int_equal(back->shared, r->shared);
	assert_int_equal(back->state, r->state);
	assert_int_equal(back->nplatforms, 2);
	assert_true(back->platform[0].complete && !back->platform[1].complete);
	assert_int_equal(back->stored_ms, r->stored_ms / 1000 * 1000);
	buf_clear(&line);
	assert_int_equal(inventory_json_write(&line, row_of(g, "x", "1")), 0);
	assert_null(memchr(line.p, '\033', line.n));
	free(g);
	buf_done(&line);
	assert_err(inventory_json_read(VIEW("[]"), back, &e), e, ERR_UPSTREAM);
	assert_err(inventory_json_read(VIEW("{\"name\":\"x\"}"), back, &e), e,
		   ERR_UPSTREAM);
	assert_int_equal(
		inventory_json_read(
			VIEW("{\"name\":\"a\\u001bb\",\"state\":\"odd\",\"size\":-5,"
			     "\"used\":\"9999-99-99\",\"platforms\":[1,{}],\"tag\":7}"),
			back, &e),
		0);
	assert_string_equal(back->shown, "a?b");
	assert_int_equal(back->bytes, 0);
	assert_int_equal(back->shared, -1);
	assert_int_equal(back->used_ms, 0);
	assert_int_equal(back->nplatforms, 0);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(sizes),   IN_STORE(states),  IN_STORE(damage),
		IN_STORE(pages),   IN_STORE(filters), IN_STORE(without_tags),
		IN_STORE(stopped), IN_STORE(used),    IN_STORE(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
