/*
 * weight.c - down from the image's manifest, each thing once or more: it is an estimate.
 */
#include "mirror/weight.h"

#include "mirror/mirror_impl.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/mstore.h"
#include "store/partial.h"

#define DEPTH 4	    /* indexes that name indexes */
#define LOOKS 20000 /* blobs of one image */

struct weighing {
	struct mirror *m;
	const struct reponame *name;
	struct weight out;
	unsigned looks;
};

static void add_manifest(struct weighing *w, const struct digest *d, unsigned depth);

static bool is_coming(struct mirror *m, const struct digest *d)
{
	struct task *t = flights_find(m->flights, NULL, d);
	bool coming = t != NULL && task_result(t) == NULL;
	uint64_t size;

	task_unref(t);
	return coming || partial_taken(m->store, d, &size);
}

static void add_children(struct weighing *w, const struct manifest *m, unsigned depth)
{
	uint64_t bytes;
	size_t i;

	for (i = 0; i < m->nchildren && w->looks++ < LOOKS; i++) {
		const struct child *c = &m->child[i];

		if (!blob_exists(w->m->store, &c->digest, &bytes)) {
			if (!c->is_manifest && is_coming(w->m, &c->digest))
				w->out.coming = true;
			continue;
		}
		if (c->is_manifest)
			add_manifest(w, &c->digest, depth + 1);
		else
			w->out.bytes += bytes;
	}
}

static void add_manifest(struct weighing *w, const struct digest *d, unsigned depth)
{
	struct manifest parsed;
	struct stored *m;

	if (depth > DEPTH || mstore_peek(w->m->store, w->name, d, &m, NULL) != 0)
		return;
	w->out.bytes += m->n;
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		add_children(w, &parsed, depth);
		manifest_done(&parsed);
	}
	stored_unref(m);
}

struct weight weight_of(struct mirror *m, const struct retire_image *im)
{
	struct weighing w = { .m = m, .name = &im->repository };

	if (im->has_digest)
		add_manifest(&w, &im->digest, 0);
	return w.out;
}
