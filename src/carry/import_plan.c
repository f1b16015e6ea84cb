/*
 * import_plan.c - what each image of a bundle consists of, and what the store lacks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "carry/import_impl.h"
#include "mirror/parts.h"
#include "store/blob.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/tag.h"

#define PIECE_BYTES (256u << 10)
#define MOST_ROUNDS 5 /* for what is about what is about an image */

int import_plan_manifest(struct import *x, const struct digest *d, struct stored **out,
			 struct err *e)
{
	struct err why;

	if (bundle_manifest(x->job->from, d, out, &why) == 0)
		return 0;
	if (why.kind == ERR_NOT_FOUND)
		return mstore_load(x->job->store, d, out, e);
	if (e != NULL)
		*e = why;
	return -1;
}

static bool find_blob(void *arg, const struct digest *d, uint64_t *size)
{
	struct import *x = arg;

	return blob_exists(x->job->store, d, size) || bundle_has(x->job->from, d, size);
}

/* What the bundle has itself must be whole; what only the store has counts if it is. */
static int find_manifest(void *arg, const struct digest *d, bool root,
			 struct stored **out, struct err *e)
{
	struct import *x = arg;
	char text[DIGEST_TEXT_MAX];
	struct stored *m;
	struct err why;

	if (bundle_manifest(x->job->from, d, &m, &why) == 0) {
		*out = m;
		return 0;
	}
	if (why.kind != ERR_NOT_FOUND) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (mstore_load(x->job->store, d, &m, NULL) == 0) {
		if (root || parts_are_here(m, find_blob, x)) {
			*out = m;
			return 0;
		}
		stored_unref(m);
	}
	digest_text(d, text);
	return err_set(e, ERR_NOT_FOUND, "manifest %.24s is neither there nor here",
		       text);
}

/* --- one image --- */

static int want(struct import *x, const struct digest *d, uint64_t size, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	struct import_blob *b;

	digest_text(d, text);
	if (blob_exists(x->job->store, d, NULL) || map_get(x->wanted, text) != NULL)
		return 0;
	b = mem_alloc(sizeof(*b));
	if (map_put(x->wanted, text, b) != 0) {
		free(b);
		return err_set(e, ERR_LIMIT, "more than %d blobs", IMPORT_MAX_BLOBS);
	}
	err_set(&b->why, ERR_NOT_FOUND, "blob %.24s has not come", text);
	if ((x->nwant & (x->nwant - 1)) == 0)
		x->want = mem_grow(x->want,
				   (x->nwant ? 2 * x->nwant : 1) * sizeof(*x->want));
	x->want[x->nwant++] = *d;
	x->job->blobs++;
	x->job->bytes += size;
	return 0;
}

static bool has_manifest(const struct import_image *image, const struct digest *d)
{
	size_t i;

	for (i = 0; i < image->nmanifests; i++)
		if (digest_equal(&image->manifest[i], d))
			return true;
	return false;
}

static void count_platforms(struct import_image *image, const struct manifest *root)
{
	size_t i;

	image->carried = image->listed = root->kind == MANIFEST_IMAGE;
	for (i = 0; i < root->nchildren && root->kind == MANIFEST_INDEX; i++) {
		if (!root->child[i].is_manifest || root->child[i].is_attestation)
			continue;
		image->listed++;
		image->carried += has_manifest(image, &root->child[i].digest);
	}
}

static void note_parts(struct import *x, struct import_image *image,
		       const struct parts *p)
{
	struct store *s = x->job->store;
	size_t i;

	image->manifest = mem_alloc((p->nmanifests + 1) * sizeof(*image->manifest));
	image->blob = mem_alloc((p->nblobs + 1) * sizeof(*image->blob));
	image->is_complete = true;
	for (i = 0; i < p->nmanifests; i++) {
		const struct stored *m = p->manifest[i].m;

		image->manifest[image->nmanifests++] = m->digest;
		image->bytes += m->n;
		image->is_complete &=
			link_exists(s, LINK_REVISION, &image->repo, &m->digest) &&
			blob_exists(s, &m->digest, NULL);
	}
	for (i = 0; i < p->nblobs; i++) {
		image->blob[image->nblobs++] = p->blob[i];
		image->bytes += p->blob[i].size;
		image->is_complete &= blob_exists(s, &p->blob[i].digest, NULL);
	}
	count_platforms(image, &p->manifest[p->nmanifests - 1].parsed);
}

static int plan_parts(struct import *x, struct import_image *image, struct err *e)
{
	const struct parts_source from = {
		find_manifest, find_blob, x,
		"in the archive, nor in the store. If it was made with --since, import "
		"the one before it first"
	};
	struct parts p = { 0 };
	struct err why = { 0 };
	size_t i;
	int rc = 0;

	if (parts_walk(&from, &image->digest, NULL, &p, &why) != 0) {
		image->why = why;
		image->result = IMPORT_FAILED;
		return 0;
	}
	note_parts(x, image, &p);
	for (i = 0; i < p.nblobs && rc == 0; i++)
		rc = want(x, &p.blob[i].digest, p.blob[i].size, e);
	parts_done(&p);
	return rc;
}

static struct import_image *add_image(struct import *x, const struct bundle_image *from)
{
	struct import_job *job = x->job;
	struct import_image *image;

	if ((job->n & (job->n - 1)) == 0)
		job->image = mem_grow(job->image,
				      (job->n ? 2 * job->n : 1) * sizeof(*job->image));
	image = &job->image[job->n++];
	*image = (struct import_image){ .from = from, .digest = from->digest };
	return image;
}

/* Does --name lead two images to one place? */
static bool is_taken(const struct import_job *job, const struct import_image *image)
{
	size_t i;

	for (i = 0; job->rename != NULL && image->tag[0] != '\0' && i + 1 < job->n; i++)
		if (job->image[i].result != IMPORT_FAILED &&
		    strcmp(job->image[i].tag, image->tag) == 0 &&
		    strcmp(job->image[i].repo.s, image->repo.s) == 0)
			return true;
	return false;
}

static int plan_image(struct import *x, const struct bundle_image *from, bool is_only,
		      struct err *e)
{
	struct import_image *image = add_image(x, from);
	struct err why = { 0 };

	if (import_name(x->job, from, is_only, image, &why) != 0 || from->is_bad) {
		image->result = IMPORT_FAILED;
		image->why = from->is_bad ? from->why : why;
		return 0;
	}
	if (is_taken(x->job, image)) {
		image->result = IMPORT_FAILED;
		err_set(&image->why, ERR_INVALID,
			"the archive has another image that would be called so; give "
			"--name to an archive with one image without a name");
		return 0;
	}
	if (image->tag[0] != '\0')
		image->had = tag_get(x->job->store, &image->repo, image->tag,
				     &image->before, NULL) == 0;
	return plan_parts(x, image, e);
}

/* --- what has no name of its own --- */

static bool is_nameless(const struct bundle_image *from)
{
	if (from->is_placed)
		return from->tag[0] == '\0';
	return from->name == NULL && from->ref == NULL;
}

static bool find_subject(struct import *x, const struct bundle_image *from,
			 struct digest *out)
{
	struct manifest parsed;
	struct stored *m;
	bool has = false;

	if (from->is_bad || import_plan_manifest(x, &from->digest, &m, NULL) != 0)
		return false;
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		has = parsed.has_subject;
		if (has)
			*out = parsed.subject;
		manifest_done(&parsed);
	}
	stored_unref(m);
	return has;
}

static bool is_planned(const struct import_job *job, const struct reponame *repo,
		       const struct digest *d)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		if (job->image[i].tag[0] == '\0' &&
		    strcmp(job->image[i].repo.s, repo->s) == 0 &&
		    digest_equal(&job->image[i].digest, d))
			return true;
	return false;
}

/* In each repository that gets what it is about. *placed: there was one. */
static int plan_about(struct import *x, const struct bundle_image *from,
		      const struct digest *subject, bool *placed, struct err *e)
{
	struct import_job *job = x->job;
	size_t i, n = job->n;

	for (i = 0; i < n; i++) {
		const struct reponame repo = job->image[i].repo;
		struct import_image *image;

		if (job->image[i].result == IMPORT_FAILED ||
		    !has_manifest(&job->image[i], subject) ||
		    (from->is_placed && strcmp(from->repo.s, repo.s) != 0) ||
		    is_planned(job, &repo, &from->digest))
			continue;
		image = add_image(x, from);
		image->repo = repo;
		image->is_about = true;
		digest_text(&from->digest, image->shown);
		if (plan_parts(x, image, e) != 0)
			return -1;
		*placed = true;
	}
	return 0;
}

static int plan_nameless(struct import *x, struct err *e)
{
	struct bundle *b = x->job->from;
	bool *placed = mem_alloc(b->n + 1);
	bool more = true;
	struct digest subject;
	unsigned round;
	size_t i;
	int rc = 0;

	for (round = 0; round < MOST_ROUNDS && more && rc == 0; round++) {
		more = false;
		for (i = 0; i < b->n && rc == 0; i++) {
			if (placed[i] || !is_nameless(&b->image[i]) ||
			    !find_subject(x, &b->image[i], &subject))
				continue;
			rc = plan_about(x, &b->image[i], &subject, &placed[i], e);
			more |= placed[i];
		}
	}
	for (i = 0; i < b->n && rc == 0; i++)
		if (!placed[i] && is_nameless(&b->image[i]) && !b->image[i].is_placed)
			rc = plan_image(x, &b->image[i], b->n == 1, e);
	free(placed);
	return rc;
}

static size_t count_named(const struct bundle *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->n && n < 2; i++)
		n += !is_nameless(&b->image[i]);
	return n;
}

struct import *import_plan(struct import_job *job, struct err *e)
{
	struct import *x = mem_alloc(sizeof(*x));
	bool is_only = count_named(job->from) == 1;
	struct imageref name;
	size_t i;
	int rc = 0;

	x->job = job;
	x->wanted = map_new(IMPORT_MAX_BLOBS);
	x->publishing = publishing_new(job->store);
	x->piece = mem_alloc(PIECE_BYTES);
	x->touched_ms = clock_mono_ms();
	if (job->rename != NULL && imageref_parse(view_of(job->rename), &name, e) != 0)
		rc = err_add(e, "--name");
	for (i = 0; i < job->from->n && rc == 0; i++)
		if (!is_nameless(&job->from->image[i]))
			rc = plan_image(x, &job->from->image[i], is_only, e);
	if (rc == 0)
		rc = plan_nameless(x, e);
	if (rc == 0)
		return x;
	import_plan_free(x);
	return NULL;
}

void import_plan_free(struct import *x)
{
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < x->job->n; i++) {
		free(x->job->image[i].manifest);
		free(x->job->image[i].blob);
	}
	free(x->job->image);
	x->job->image = NULL;
	x->job->n = 0;
	map_free(x->wanted, free);
	publishing_free(x->publishing);
	free(x->want);
	free(x->piece);
	free(x);
}
