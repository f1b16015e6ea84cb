/*
 * parts.c - a walk through manifests, depth first. Which blobs and manifests it has come
 * by is kept in maps, by digest.
 */
#include "mirror/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "mirror/choose.h"
#include "store/blob.h"

struct walk {
	struct store *s;
	const struct reponame *from;
	struct parts *parts;
	struct map *manifests; /* digests that were come by */
	struct map *blobs;     /* digests to their place + 1 */
};

static void free_manifest(struct parts_manifest *m)
{
	stored_unref(m->m);
	manifest_done(&m->parsed);
	free(m->blob);
}

void parts_done(struct parts *p)
{
	size_t i;

	for (i = 0; i < p->nmanifests; i++)
		free_manifest(&p->manifest[i]);
	free(p->manifest);
	free(p->blob);
	*p = (struct parts){ 0 };
}

static int check_blob(struct walk *w, const struct child *c, const char *text,
		      struct err *e)
{
	uint64_t size;

	if (!blob_exists(w->s, &c->digest, &size))
		return err_set(e, ERR_NOT_FOUND,
			       "blob %.24s is not in the store; pull the image again",
			       text);
	if (size != c->size)
		return err_set(e, ERR_CORRUPT,
			       "blob %.24s has %" PRIu64
			       " bytes in the store, its manifest "
			       "says %" PRIu64,
			       text, size, c->size);
	return 0;
}

static int add_blob(struct walk *w, struct parts_manifest *m, const struct child *c,
		    struct err *e)
{
	struct parts *p = w->parts;
	char text[DIGEST_TEXT_MAX];
	size_t place;

	digest_text(&c->digest, text);
	place = (size_t)(uintptr_t)map_get(w->blobs, text);
	if (place == 0) {
		if (check_blob(w, c, text, e) != 0)
			return -1;
		if (p->nblobs >= PARTS_MAX_BLOBS)
			return err_set(e, ERR_LIMIT, "more than %d blobs",
				       PARTS_MAX_BLOBS);
		if ((p->nblobs & (p->nblobs - 1)) == 0)
			p->blob = mem_grow(p->blob, (p->nblobs ? 2 * p->nblobs : 1) *
							    sizeof(*p->blob));
		p->blob[p->nblobs++] = (struct parts_blob){ c->digest, c->size, false };
		place = p->nblobs;
		map_put(w->blobs, text, (void *)(uintptr_t)place);
	}
	m->blob[m->nblobs++] = place - 1;
	return 0;
}

static int append(struct walk *w, struct parts_manifest *m, struct err *e)
{
	struct parts *p = w->parts;

	if (p->nmanifests >= PARTS_MAX_MANIFESTS)
		return err_set(e, ERR_LIMIT, "more than %d manifests",
			       PARTS_MAX_MANIFESTS);
	if ((p->nmanifests & (p->nmanifests - 1)) == 0)
		p->manifest =
			mem_grow(p->manifest, (p->nmanifests ? 2 * p->nmanifests : 1) *
						      sizeof(*p->manifest));
	p->manifest[p->nmanifests++] = *m;
	*m = (struct parts_manifest){ 0 };
	return 0;
}

static int visit(struct walk *w, const struct digest *d, unsigned depth, struct err *e);

static int visit_child(struct walk *w, struct parts_manifest *m, const struct child *c,
		       unsigned depth, struct err *e)
{
	char text[DIGEST_TEXT_MAX], platform[100];

	if (!c->is_manifest)
		return c->is_foreign ? 0 : add_blob(w, m, c, e);
	digest_text(&c->digest, text);
	if (map_get(w->manifests, text) != NULL ||
	    visit(w, &c->digest, depth + 1, e) == 0)
		return 0;
	platform_text(&c->platform, platform);
	if (e != NULL && e->kind == ERR_NOT_FOUND)
		return err_add(e,
			       "the index names %.24s (%s), of which not all is here. "
			       "Pull all platforms, or copy one only",
			       text, platform);
	return err_add(e, "%.24s (%s)", text, platform);
}

static int fill(struct walk *w, const struct digest *d, struct parts_manifest *m,
		unsigned depth, struct err *e)
{
	size_t i;

	if (depth > PARTS_MAX_DEPTH)
		return err_set(e, ERR_LIMIT, "indexes within indexes, over %d deep",
			       PARTS_MAX_DEPTH);
	if (mstore_get(w->s, w->from, d, &m->m, e) != 0 ||
	    manifest_parse((struct view){ m->m->body, m->m->n }, &m->parsed, e) != 0)
		return -1;
	if (m->parsed.kind == MANIFEST_OLD)
		return err_set(e, ERR_INVALID,
			       "a manifest of the old form (schema 1), which registries "
			       "refuse");
	m->blob = mem_alloc((m->parsed.nchildren + 1) * sizeof(*m->blob));
	for (i = 0; i < m->parsed.nchildren; i++)
		if (visit_child(w, m, &m->parsed.child[i], depth, e) != 0)
			return -1;
	return append(w, m, e);
}

static int visit(struct walk *w, const struct digest *d, unsigned depth, struct err *e)
{
	struct parts_manifest m = { 0 };
	char text[DIGEST_TEXT_MAX];
	int rc;

	digest_text(d, text);
	map_put(w->manifests, text, w);
	rc = fill(w, d, &m, depth, e);
	free_manifest(&m);
	return rc;
}

int parts_make(struct store *s, const struct reponame *from, const struct digest *d,
	       const struct platform *platform, struct parts *out, struct err *e)
{
	struct parts p = { 0 };
	struct walk w = { s, from, &p, NULL, NULL };
	struct choice c = { 0 };
	struct digest root = *d;
	int rc;

	if (platform != NULL) {
		if (choose_manifest(s, from, d, platform, &c, e) != 0)
			return -1;
		root = c.manifest->digest;
		choice_done(&c);
	}
	w.manifests = map_new(2 * PARTS_MAX_MANIFESTS);
	w.blobs = map_new(PARTS_MAX_BLOBS);
	rc = visit(&w, &root, 0, e);
	map_free(w.manifests, NULL);
	map_free(w.blobs, NULL);
	if (rc == 0)
		*out = p;
	else
		parts_done(&p);
	return rc;
}
