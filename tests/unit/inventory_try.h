/*
 * inventory_try.h - a store with small images in it, and the rows that it gives.
 */
#ifndef LARDER_TESTS_INVENTORY_TRY_H
#define LARDER_TESTS_INVENTORY_TRY_H

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

static inline struct digest put_blob(struct store *s, const char *content)
{
	struct digest d = try_digest(content);

	assert_int_equal(blob_put(s, &d, content, strlen(content), NULL), 0);
	return d;
}

static inline struct digest put_manifest(struct store *s, const char *repo,
					 const char *tag, const char *body)
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
static inline struct digest put_image(struct store *s, const char *repo, const char *tag,
				      const char *config, const char *first,
				      const char *second, bool whole)
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
static inline struct digest put_index(struct store *s, const char *repo, const char *tag,
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

static inline void checked(struct store *s, const char *repo, const char *tag,
			   const struct digest *d, int64_t ago_ms)
{
	struct reponame name = try_name(repo);

	assert_int_equal(tag_check_set(s, &name, tag, d, clock_wall_ms() - ago_ms, NULL),
			 0);
}

static inline struct plan *plan(void)
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

static inline int take(void *arg, const struct inventory_row *r, struct err *e)
{
	struct got *g = arg;

	assert_true(g->n < MAX_ROWS);
	g->row[g->n++] = *r;
	return g->enough != 0 && g->n >= g->enough;
}

static inline struct got *look(struct store *s, struct inventory_ask *ask,
			       const char *last, size_t max)
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

static inline const struct inventory_row *row_of(const struct got *g, const char *shown,
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

#endif
