/*
 * via.c - asking another cache for an image: its manifests one after the other, then its
 * blobs, several at once.
 */
#include "mirror/via.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "mirror/crew.h"
#include "mirror/selection.h"
#include "upstream/retry.h"

/* A cache may have to fetch it first, and gives up after 25 s itself. */
#define MANIFEST_MS 60000
#define BLOBS_AT_ONCE 4

struct way {
	struct upstream *cache;
	const struct reponame *name;
	const struct warm_wish *wish;
	struct warm_progress *progress;
	struct map *seen; /* digests */
	struct child *blob;
	size_t nblobs;
};

static int get_manifest(struct way *w, const struct reference *ref, struct buf *body,
			struct digest *digest, struct err *e)
{
	int64_t deadline_ms = clock_mono_ms() + MANIFEST_MS;
	struct retry again = RETRY_INIT(deadline_ms);
	struct upstream_manifest about;
	int rc;

	do
		rc = upstream_get_manifest(w->cache, w->name, ref, deadline_ms, body,
					   &about, e);
	while (rc != 0 && retry_again(&again, e));
	if (rc == 0)
		*digest = about.digest;
	return rc;
}

static int on_begin(void *arg, int64_t size, uint64_t first, struct err *e)
{
	return 0;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	return 0;
}

static int have_blob(void *arg, size_t i, struct err *e)
{
	struct way *w = arg;
	const struct child *c = &w->blob[i];
	struct upstream_sink sink = { .begin = on_begin, .data = on_data };
	struct retry again = RETRY_INIT(clock_mono_ms() + MANIFEST_MS);
	int rc;

	do
		rc = upstream_get_blob(w->cache, w->name, &c->digest,
				       c->size > 0 ? c->size - 1 : 0, &sink, e);
	while (rc != 0 && retry_again(&again, e));
	if (rc != 0)
		return -1;
	atomic_fetch_add(&w->progress->blobs_done, 1);
	atomic_fetch_add(&w->progress->bytes_done, c->size);
	return 0;
}

/* 1: it is new; 0: it has been seen; -1: there are too many. */
static int see(struct way *w, const struct digest *d, struct err *e)
{
	char key[DIGEST_TEXT_MAX];

	digest_text(d, key);
	if (map_get(w->seen, key) != NULL)
		return 0;
	if (map_put(w->seen, key, w) == 0)
		return 1;
	return err_set(e, ERR_LIMIT, "%s has more than %d manifests and blobs",
		       w->name->s, WARM_MAX_THINGS);
}

/* An image may be named by an index, an index by an index: not deeper. */
static int have_manifest(struct way *w, const struct reference *ref, unsigned depth,
			 struct digest *digest, struct err *e);

static int have_children(struct way *w, const struct manifest *m, unsigned depth,
			 struct err *e)
{
	struct reference ref = { .is_digest = true };
	struct digest digest;
	size_t i;

	if (selection_check(m, w->wish, w->name->s, e) != 0)
		return -1;
	for (i = 0; i < m->nchildren; i++) {
		const struct child *c = &m->child[i];

		int new = selection_wants(m, i, w->wish) ? see(w, &c->digest, e) : 0;

		if (new < 0)
			return -1;
		if (new == 0)
			continue;
		ref.digest = c->digest;
		if (c->is_manifest) {
			if (have_manifest(w, &ref, depth + 1, &digest, e) != 0)
				return -1;
			continue;
		}
		atomic_fetch_add(&w->progress->blobs, 1);
		atomic_fetch_add(&w->progress->bytes, c->size);
		w->blob = mem_grow(w->blob, (w->nblobs + 1) * sizeof(*w->blob));
		w->blob[w->nblobs++] = *c;
	}
	return 0;
}

static int have_manifest(struct way *w, const struct reference *ref, unsigned depth,
			 struct digest *digest, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	struct manifest m;
	int rc;

	if (depth > 3)
		return err_set(e, ERR_LIMIT, "%s: indexes within indexes within indexes",
			       w->name->s);
	if (get_manifest(w, ref, &body, digest, e) != 0 ||
	    manifest_parse(buf_view(&body), &m, e) != 0)
		return -1;
	rc = have_children(w, &m, depth, e);
	manifest_done(&m);
	return rc;
}

int via_image(struct upstream *cache, const struct reponame *name,
	      const struct reference *ref, const struct warm_wish *wish,
	      struct warm_progress *p, struct warm_done *out, struct err *e)
{
	struct way w = { cache, name, wish, p, map_new(WARM_MAX_THINGS), NULL, 0 };
	struct warm_done got = { 0 };
	int rc = have_manifest(&w, ref, 1, &got.digest, e);

	if (rc == 0)
		rc = crew_run(BLOBS_AT_ONCE, w.nblobs, have_blob, &w, e);
	free(w.blob);
	map_free(w.seen, NULL);
	if (rc == 0)
		*out = got;
	return rc;
}
