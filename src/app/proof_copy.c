/*
 * proof_copy.c - the way through a copy: its manifests, their blobs.
 *
 * An index is whole with one of its platforms, since that is how mirrored images are
 * kept; an image is with all of its blobs.
 */
#include "app/proof_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/mstore.h"

#define DEPTH_MAX 4
#define MANIFESTS_MAX 20000 /* of one image */
#define CHUNK (256u << 10)

struct walk {
	const struct proof_ask *ask;
	const struct reponame *name;
	struct proof *out;
	char *chunk; /* for reading blobs */
	size_t images, manifests;
};

static void damaged(struct walk *w, const struct digest *d, const char *what)
{
	char text[DIGEST_TEXT_MAX];

	if (w->out->copy == PROOF_DAMAGED)
		return;
	digest_text(d, text);
	w->out->copy = PROOF_DAMAGED;
	snprintf(w->out->copy_why, sizeof(w->out->copy_why),
		 "%s %s; `larder scrub` repairs what can be had again", text, what);
}

static void missing(struct walk *w, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	if (w->out->copy != PROOF_WHOLE)
		return;
	digest_text(d, text);
	w->out->copy = PROOF_PARTLY;
	snprintf(w->out->copy_why, sizeof(w->out->copy_why), "%s is not here", text);
}

static int hash_blob(struct walk *w, int fd, const struct digest *want)
{
	struct hash *h = hash_new(want->alg);
	struct digest got;
	uint64_t off = 0;
	size_t n;
	int rc = 0;

	if (w->chunk == NULL)
		w->chunk = mem_alloc(CHUNK);
	do {
		rc = fs_pread(fd, w->chunk, CHUNK, off, &n, NULL);
		if (rc == 0)
			hash_add(h, w->chunk, n);
		off += n;
	} while (rc == 0 && n > 0);
	digest_final(want->alg, h, &got);
	hash_free(h);
	return rc == 0 && digest_equal(&got, want) ? 0 : -1;
}

static void check_blob(struct walk *w, const struct child *c)
{
	uint64_t size;
	int fd;

	if (c->is_foreign)
		return;
	fd = blob_open(w->ask->store, &c->digest, &size, NULL);
	if (fd < 0) {
		missing(w, &c->digest);
		return;
	}
	if (size != c->size)
		damaged(w, &c->digest, "has not the size that its manifest says");
	else if (w->ask->read && hash_blob(w, fd, &c->digest) != 0)
		damaged(w, &c->digest, "has not the bytes of its digest");
	close(fd);
}

static void check_manifest(struct walk *w, const struct stored *s, unsigned depth)
{
	struct manifest m;
	struct stored *child;
	struct err e;
	size_t i;

	if (manifest_parse((struct view){ s->body, s->n }, &m, &e) != 0) {
		damaged(w, &s->digest, "is no manifest");
		return;
	}
	w->images += m.kind == MANIFEST_IMAGE;
	for (i = 0; i < m.nchildren; i++) {
		const struct child *c = &m.child[i];

		if (!c->is_manifest) {
			check_blob(w, c);
			continue;
		}
		if (depth == DEPTH_MAX || w->manifests++ == MANIFESTS_MAX) {
			missing(w, &c->digest);
			break;
		}
		if (mstore_peek(w->ask->store, w->name, &c->digest, &child, &e) == 0) {
			check_manifest(w, child, depth + 1);
			stored_unref(child);
		} else if (e.kind == ERR_CORRUPT) {
			damaged(w, &c->digest, "has not the bytes of its digest");
		}
	}
	manifest_done(&m);
}

void proof_copy_check(const struct proof_ask *ask, const struct reponame *name,
		      const struct stored *root, struct proof *out)
{
	struct walk w = { .ask = ask, .name = name, .out = out };

	check_manifest(&w, root, 0);
	if (w.images == 0)
		missing(&w, &root->digest);
	if (w.images == 0 && out->copy == PROOF_PARTLY)
		snprintf(out->copy_why, sizeof(out->copy_why),
			 "only its index is here, and none of its platforms");
	mem_freep(&w.chunk);
}
