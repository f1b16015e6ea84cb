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
#include "mirror/selection.h"
#include "store/blob.h"

struct walk {
	const struct parts_source *from;
	bool all; /* of an index; else: */
	const struct warm_wish *wish;
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

	if (!w->from->blob(w->from->arg, &c->digest, &size))
		return err_set(e, ERR_NOT_FOUND, "blob %.24s is not %s", text,
			       w->from->place);
	if (size != c->size)
		return err_set(e, ERR_CORRUPT,
			       "blob %.24s has %" PRIu64
			       " bytes where it is, its manifest says %" PRIu64,
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

/* *absent: it is this very manifest that is not there. */
static int visit(struct walk *w, const struct digest *d, unsigned depth, bool *absent,
		 struct err *e);

static int visit_child(struct walk *w, struct parts_manifest *m, const struct child *c,
		       unsigned depth, struct err *e)
{
	char text[DIGEST_TEXT_MAX], platform[100];
	bool absent = false;

	if (!c->is_manifest)
		return c->is_foreign ? 0 : add_blob(w, m, c, e);
	digest_text(&c->digest, text);
	if (map_get(w->manifests, text) != NULL ||
	    visit(w, &c->digest, depth + 1, &absent, e) == 0)
		return 0;
	if (absent && !w->all && (w->wish == NULL || c->is_attestation))
		return 0;
	platform_text(&c->platform, platform);
	if (e != NULL && e->kind == ERR_NOT_FOUND && w->all)
		return err_add(e,
			       "the index names %.24s (%s), of which not all is here. "
			       "Pull all platforms, or copy one only",
			       text, platform);
	return err_add(e, "%.24s (%s)", text, platform);
}

static int read_manifest(struct walk *w, const struct digest *d, bool root,
			 struct parts_manifest *m, bool *absent, struct err *e)
{
	struct err why;

	if (w->from->manifest(w->from->arg, d, root, &m->m, &why) != 0) {
		*absent = why.kind == ERR_NOT_FOUND;
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (manifest_parse((struct view){ m->m->body, m->m->n }, &m->parsed, e) != 0)
		return -1;
	if (m->parsed.kind == MANIFEST_OLD)
		return err_set(e, ERR_INVALID,
			       "a manifest of the old form (schema 1), which registries "
			       "refuse");
	return 0;
}

static int fill(struct walk *w, const struct digest *d, struct parts_manifest *m,
		unsigned depth, bool *absent, struct err *e)
{
	size_t i;

	if (depth > PARTS_MAX_DEPTH)
		return err_set(e, ERR_LIMIT, "indexes within indexes, over %d deep",
			       PARTS_MAX_DEPTH);
	if (read_manifest(w, d, depth == 0, m, absent, e) != 0)
		return -1;
	if (w->wish != NULL && selection_check(&m->parsed, w->wish, "the image", e) != 0)
		return -1;
	m->blob = mem_alloc((m->parsed.nchildren + 1) * sizeof(*m->blob));
	for (i = 0; i < m->parsed.nchildren; i++) {
		if (w->wish != NULL && m->parsed.kind == MANIFEST_INDEX &&
		    !selection_wants(&m->parsed, i, w->wish))
			continue;
		if (visit_child(w, m, &m->parsed.child[i], depth, e) != 0)
			return -1;
	}
	return append(w, m, e);
}

static int visit(struct walk *w, const struct digest *d, unsigned depth, bool *absent,
		 struct err *e)
{
	struct parts_manifest m = { 0 };
	char text[DIGEST_TEXT_MAX];
	int rc;

	digest_text(d, text);
	map_put(w->manifests, text, w);
	rc = fill(w, d, &m, depth, absent, e);
	free_manifest(&m);
	return rc;
}

static int walk(struct walk *w, const struct digest *root, struct parts *out,
		struct err *e)
{
	struct parts p = { 0 };
	bool absent = false;
	int rc;

	w->parts = &p;
	w->manifests = map_new(2 * PARTS_MAX_MANIFESTS);
	w->blobs = map_new(PARTS_MAX_BLOBS);
	rc = visit(w, root, 0, &absent, e);
	map_free(w->manifests, NULL);
	map_free(w->blobs, NULL);
	if (rc == 0 && !w->all && p.nmanifests == 1 && p.nblobs == 0 &&
	    p.manifest[0].parsed.nchildren > 0)
		rc = err_set(e, ERR_NOT_FOUND, "of all that it names nothing is %s",
			     w->from->place);
	if (rc == 0)
		*out = p;
	else
		parts_done(&p);
	return rc;
}

int parts_walk(const struct parts_source *from, const struct digest *root,
	       const struct warm_wish *wish, struct parts *out, struct err *e)
{
	struct walk w = { .from = from, .wish = wish };

	return walk(&w, root, out, e);
}

/* --- of a repository of the store --- */

struct stored_in {
	struct store *s;
	const struct reponame *name;
};

static int find_manifest(void *arg, const struct digest *d, bool root,
			 struct stored **out, struct err *e)
{
	const struct stored_in *in = arg;

	return mstore_get(in->s, in->name, d, out, e);
}

static bool find_blob(void *arg, const struct digest *d, uint64_t *size)
{
	const struct stored_in *in = arg;

	return blob_exists(in->s, d, size);
}

int parts_make(struct store *s, const struct reponame *from, const struct digest *d,
	       const struct platform *platform, struct parts *out, struct err *e)
{
	struct stored_in in = { s, from };
	const struct parts_source source = { find_manifest, find_blob, &in,
					     "in the store; pull the image again" };
	struct walk w = { .from = &source, .all = true };
	struct digest root = *d;
	struct choice c = { 0 };

	if (platform != NULL) {
		if (choose_manifest(s, from, d, platform, &c, e) != 0)
			return -1;
		root = c.manifest->digest;
		choice_done(&c);
	}
	return walk(&w, &root, out, e);
}

bool parts_are_here(const struct stored *m,
		    bool (*find)(void *arg, const struct digest *d, uint64_t *size),
		    void *arg)
{
	struct manifest parsed;
	bool here = true;
	uint64_t size;
	size_t i;

	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) != 0)
		return false;
	for (i = 0; i < parsed.nchildren && here; i++) {
		const struct child *c = &parsed.child[i];

		here = c->is_manifest || c->is_foreign ||
		       (find(arg, &c->digest, &size) && size == c->size);
	}
	manifest_done(&parsed);
	return here;
}
