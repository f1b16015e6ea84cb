/*
 * export_plan.c - which manifests and blobs go, each once, and under which names.
 *
 * An image is looked through as a whole before anything of it is added, so that one that
 * cannot go leaves nothing behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/choose.h"
#include "carry/export_impl.h"
#include "mirror/parts.h"
#include "oci/dockersave.h"
#include "oci/ocilayout.h"
#include "store/blob.h"
#include "store/mstore.h"

#define MOST_ABOUT 4 /* what is about what is about an image, so often */

/* One image, or something about it, on its way into the plan. */
struct adding {
	struct export *x;
	struct export_image *im;
	unsigned depth; /* of what is about it */
};

/* --- what there is of it --- */

static bool find_blob(void *arg, const struct digest *d, uint64_t *size)
{
	const struct adding *a = arg;

	return blob_exists(a->x->job->store, d, size);
}

/* One that an index names is there only with its blobs: a cache often has some. */
static int find_manifest(void *arg, const struct digest *d, bool root,
			 struct stored **out, struct err *e)
{
	const struct adding *a = arg;
	char text[DIGEST_TEXT_MAX];
	struct stored *m;
	struct err why;

	if (mstore_get(a->x->job->store, &a->im->repo, d, &m, &why) == 0) {
		if (root || parts_are_here(m, find_blob, arg)) {
			*out = m;
			return 0;
		}
		stored_unref(m);
	} else if (why.kind != ERR_NOT_FOUND) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	digest_text(d, text);
	return err_set(e, ERR_NOT_FOUND, "not all of %.24s is in the store; pull it%s",
		       text, root ? "" : " for this platform");
}

/* --- adding --- */

static int add_item(struct export *x, struct export_item **list, size_t *n,
		    const struct digest *d, uint64_t size, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (map_get(x->seen, text) != NULL)
		return 0;
	if (map_put(x->seen, text, x) != 0)
		return err_set(e, ERR_LIMIT, "more than %d blobs", EXPORT_MAX_BLOBS);
	if ((*n & (*n - 1)) == 0)
		*list = mem_grow(*list, (*n ? 2 * *n : 1) * sizeof(**list));
	(*list)[(*n)++] = (struct export_item){ .digest = *d, .size = size };
	return 0;
}

static int add_parts(struct export *x, const struct parts *p, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	size_t i, before;

	for (i = 0; i < p->nmanifests; i++)
		if (add_item(x, &x->item, &x->nitems, &p->manifest[i].m->digest,
			     p->manifest[i].m->n, e) != 0)
			return -1;
	for (i = 0; i < p->nblobs; i++) {
		struct export_job *job = x->job;

		before = x->nblobs;
		if (add_item(x, &x->blob, &x->nblobs, &p->blob[i].digest, p->blob[i].size,
			     e) != 0)
			return -1;
		if (x->nblobs == before)
			continue;
		digest_text(&p->blob[i].digest, text);
		x->blob[before].spared = map_get(x->have, text) != NULL;
		*(x->blob[before].spared ? &job->spared : &job->blobs) += 1;
		*(x->blob[before].spared ? &job->spared_bytes : &job->bytes) +=
			p->blob[i].size;
	}
	return 0;
}

/* name: the image's, or NULL with ref NULL; own: to be freed, with a tag, and then the
 * name. */
static int add_entry(struct export *x, const struct stored *m, const char *name,
		     const char *ref, char *own, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	CLEANUP(mem_freep)
	char *key = NULL;

	digest_text(&m->digest, text);
	if (own != NULL) {
		name = own;
		ref = strrchr(own, ':') + 1;
	}
	key = mem_fmt("%s %s", text, name != NULL ? name : "");
	if (map_get(x->named, key) != NULL) {
		free(own);
		return 0;
	}
	if (map_put(x->named, key, x) != 0 || x->nentries == OCILAYOUT_MAX_IMAGES) {
		free(own);
		return err_set(e, ERR_LIMIT, "more than %d images", OCILAYOUT_MAX_IMAGES);
	}
	if ((x->nentries & (x->nentries - 1)) == 0)
		x->entry = mem_grow(x->entry, (x->nentries ? 2 * x->nentries : 1) *
						      sizeof(*x->entry));
	x->entry[x->nentries++] =
		(struct export_entry){ m->digest, m->n, mem_dup(m->media_type),
				       name,	  ref,	own };
	return 0;
}

/* --- Docker's list --- */

/* Not a Helm chart, a signature or the like: those would spoil the whole archive. */
static bool can_run(const struct stored *m)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse((struct view){ m->body, m->n }, NULL);
	const char *type = json_get_str(json_get(doc, "config"), "mediaType");

	return type != NULL &&
	       (strcmp(type, "application/vnd.oci.image.config.v1+json") == 0 ||
		strcmp(type, "application/vnd.docker.container.image.v1+json") == 0);
}

static const struct parts_manifest *find_part(const struct parts *p,
					      const struct digest *d)
{
	size_t i;

	for (i = 0; i < p->nmanifests; i++)
		if (digest_equal(&p->manifest[i].m->digest, d))
			return &p->manifest[i];
	return NULL;
}

/* For the first platform that was wished, else for this machine, else the first. */
static const struct parts_manifest *for_engine(const struct adding *a,
					       const struct parts *p)
{
	const struct export_image *im = a->im;
	const struct platform *want = im->nplatforms > 0 ? im->platform
							 : &a->x->job->here;
	const struct parts_manifest *found;
	struct choice c = { 0 };
	size_t i;

	if (choose_manifest(a->x->job->store, &im->repo, &im->root, want, &c, NULL) ==
	    0) {
		found = find_part(p, &c.manifest->digest);
		choice_done(&c);
		if (found != NULL)
			return found;
	}
	for (i = 0; i < p->nmanifests; i++)
		if (p->manifest[i].parsed.has_config && can_run(p->manifest[i].m))
			return &p->manifest[i];
	return NULL;
}

static int add_docker(const struct adding *a, const struct parts *p, struct err *e)
{
	const struct parts_manifest *m = for_engine(a, p);
	struct export *x = a->x;

	if (m == NULL || !m->parsed.has_config || !can_run(m->m))
		return 0;
	if ((x->ndocker > 0 && buf_adds(&x->docker, ",") != 0) ||
	    dockersave_add(&x->docker, &m->parsed,
			   a->im->tag != NULL ? a->im->name : NULL) != 0)
		return err_set(e, ERR_LIMIT, "manifest.json would be too large");
	x->ndocker++;
	return 0;
}

/* --- images --- */

static void count_platforms(struct export_image *im, const struct parts *p)
{
	const struct manifest *root = &p->manifest[p->nmanifests - 1].parsed;
	size_t i;

	im->carried = im->listed = root->kind == MANIFEST_IMAGE;
	for (i = 0; i < root->nchildren && root->kind == MANIFEST_INDEX; i++) {
		if (!root->child[i].is_manifest || root->child[i].is_attestation)
			continue;
		im->listed++;
		im->carried += find_part(p, &root->child[i].digest) != NULL;
	}
	for (i = 0; i < p->nmanifests; i++)
		im->bytes += p->manifest[i].m->n;
	for (i = 0; i < p->nblobs; i++)
		im->bytes += p->blob[i].size;
}

static int add_all_about(struct adding *a, const struct parts *p, struct err *e);

/* What cannot go does not keep the image here; limits do. */
static int add_about(void *arg, const struct digest *d, const char *tag, struct err *e)
{
	struct adding *a = arg;
	const struct parts_source from = { find_manifest, find_blob, a, "in the store" };
	const char *end = strrchr(a->im->name, a->im->tag != NULL ? ':' : '@');
	struct adding deeper = { a->x, a->im, a->depth + 1 };
	size_t before = a->x->nentries;
	struct parts p = { 0 };
	struct stored *root;
	int rc;

	if (parts_walk(&from, d, NULL, &p, NULL) != 0)
		return 0;
	root = p.manifest[p.nmanifests - 1].m;
	rc = add_parts(a->x, &p, e);
	if (rc == 0)
		rc = add_entry(a->x, root, NULL, NULL,
			       tag != NULL ? mem_fmt("%.*s:%s", (int)(end - a->im->name),
						     a->im->name, tag)
					   : NULL,
			       e);
	a->x->job->about += a->x->nentries - before;
	if (rc == 0 && a->depth < MOST_ABOUT)
		rc = add_all_about(&deeper, &p, e);
	parts_done(&p);
	return rc;
}

static int add_all_about(struct adding *a, const struct parts *p, struct err *e)
{
	size_t i;

	for (i = 0; i < p->nmanifests; i++)
		if (export_about_each(a->x->job->store, &a->im->repo,
				      &p->manifest[i].m->digest, add_about, a, e) != 0)
			return -1;
	return 0;
}

static int find_root(struct export *x, struct export_image *im, struct err *e)
{
	const struct platform *p = im->nplatforms > 0 ? im->platform : &x->job->here;
	struct choice c = { 0 };

	im->root = im->digest;
	if (!x->job->docker)
		return 0;
	if (choose_manifest(x->job->store, &im->repo, &im->digest, p, &c, e) != 0)
		return -1;
	im->root = c.manifest->digest;
	choice_done(&c);
	return 0;
}

static int add_image(struct export *x, struct export_image *im, struct err *e)
{
	struct adding a = { x, im, 0 };
	const struct parts_source from = { find_manifest, find_blob, &a,
					   "in the store; pull the image again" };
	const struct warm_wish wish = { im->platform, im->nplatforms };
	struct parts p = { 0 };
	struct stored *root;
	int rc;

	im->failed = true;
	if (find_root(x, im, &im->why) != 0 ||
	    parts_walk(&from, &im->root, im->is_open || x->job->docker ? NULL : &wish, &p,
		       &im->why) != 0)
		return 0;
	im->failed = false;
	root = p.manifest[p.nmanifests - 1].m;
	count_platforms(im, &p);
	rc = add_parts(x, &p, e);
	if (rc == 0)
		rc = add_entry(x, root, im->name, im->tag, NULL, e);
	if (rc == 0)
		rc = add_docker(&a, &p, e);
	if (rc == 0 && x->job->referrers)
		rc = add_all_about(&a, &p, e);
	parts_done(&p);
	return rc;
}

/* --- the whole --- */

static int read_since(struct export *x, struct err *e)
{
	size_t i;

	for (i = 0; i < x->job->nsince; i++)
		if (export_about_since(x->have, x->job->since[i], e) != 0)
			return -1;
	return 0;
}

/* Manifests, then blobs, in one list. */
static void join(struct export *x)
{
	struct export_job *job = x->job;
	size_t i;

	x->nmanifests = job->manifests = x->nitems;
	for (i = 0; i < x->nitems; i++)
		job->bytes += x->item[i].size;
	if (x->nblobs > 0) {
		x->item = mem_grow(x->item, (x->nitems + x->nblobs) * sizeof(*x->item));
		memcpy(x->item + x->nitems, x->blob, x->nblobs * sizeof(*x->blob));
		x->nitems += x->nblobs;
	}
	job->loadable = x->ndocker > 0 && job->spared == 0;
}

struct export *export_plan(struct export_job *job, struct err *e)
{
	struct export *x = mem_alloc(sizeof(*x));
	size_t i;
	int rc;

	x->job = job;
	x->have = map_new(EXPORT_MAX_BLOBS);
	x->seen = map_new(EXPORT_MAX_BLOBS);
	x->named = map_new(OCILAYOUT_MAX_IMAGES);
	buf_init(&x->docker, DOCKERSAVE_MAX_BYTES - 2);
	rc = read_since(x, e);
	for (i = 0; i < job->n && rc == 0; i++)
		if (!job->image[i].failed)
			rc = add_image(x, &job->image[i], e);
	if (rc != 0) {
		export_plan_free(x);
		return NULL;
	}
	join(x);
	return x;
}

void export_plan_free(struct export *x)
{
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < x->nentries; i++) {
		free(x->entry[i].media_type);
		free(x->entry[i].own);
	}
	free(x->entry);
	free(x->item);
	free(x->blob);
	buf_done(&x->docker);
	map_free(x->have, NULL);
	map_free(x->seen, NULL);
	map_free(x->named, NULL);
	free(x);
}
