/*
 * scrub_names.c - repositories, one after the other: their manifests, what those name,
 * and which of it is wounded.
 */
#include "store/scrub_impl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/mstore.h"
#include "store/quarantine.h"
#include "store/referrers.h"
#include "store/tag.h"
#include "store/walk.h"

#define MAX_NESTED 4
#define ENDED 1 /* the slice, not the pass */

/* --- which are wanted --- */

struct wanting {
	struct scrub *r;
	const struct reponame *name;
	bool any; /* enough to know whether one is */
	bool found;
};

static bool wants(const struct scrub *r, const struct reponame *name, const char *tag)
{
	return r->ask->want == NULL || r->ask->want(r->ask->arg, name, tag);
}

static int want_manifest(struct scrub *r, const struct reponame *name,
			 const struct digest *d, int depth, struct err *e)
{
	struct manifest doc;
	struct stored *m;
	bool fits = marks_add(r->wanted, d);
	int rc = scrub_step(r, e);
	size_t i;

	if (rc != 0 || mstore_peek(r->s, name, d, &m, NULL) != 0)
		return rc;
	if (manifest_parse((struct view){ m->body, m->n }, &doc, NULL) == 0) {
		for (i = 0; i < doc.nchildren && rc == 0; i++)
			if (!doc.child[i].is_manifest)
				fits = marks_add(r->wanted, &doc.child[i].digest) && fits;
			else if (depth < MAX_NESTED)
				rc = want_manifest(r, name, &doc.child[i].digest,
						   depth + 1, e);
		manifest_done(&doc);
	}
	stored_unref(m);
	if (rc == 0 && !fits)
		rc = err_set(e, ERR_LIMIT,
			     "that is too much to choose from; scrub all of the store");
	return rc;
}

static int want_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct wanting *w = arg;
	struct reference ref;
	struct digest d;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest ||
	    !wants(w->r, w->name, tag))
		return scrub_step(w->r, e);
	w->found = true;
	if (w->any)
		return 1;
	return tag_get(w->r->s, w->name, tag, &d, NULL) == 0
		       ? want_manifest(w->r, w->name, &d, 0, e)
		       : 0;
}

static int want_revision(void *arg, const struct digest *d, struct err *e)
{
	struct wanting *w = arg;

	return want_manifest(w->r, w->name, d, 0, e);
}

static int each_tag(struct wanting *w, struct err *e)
{
	struct err why = { 0 };
	layout_path path;
	int rc;

	layout_tags(path, w->name);
	rc = fs_each(w->r->s->dirfd, path, want_tag, w, &why);
	if (rc >= 0 || why.kind == ERR_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int want_repository(void *arg, const struct reponame *name, struct err *e)
{
	struct wanting w = { .r = arg, .name = name };

	if (wants(w.r, name, ""))
		return walk_links(w.r->s, LINK_REVISION, name, want_revision, &w, e);
	return each_tag(&w, e);
}

int scrub_names_want(struct scrub *r, struct err *e)
{
	return walk_repositories(r->s, want_repository, r, e);
}

static bool is_wanted(struct scrub *r, const struct reponame *name)
{
	struct wanting w = { .r = r, .name = name, .any = true };
	struct err why;

	return wants(r, name, "") || (each_tag(&w, &why) == 0 && w.found);
}

/* --- manifests --- */

static void missing(struct scrub *r, const struct digest *manifest,
		    const struct digest *d, uint64_t bytes)
{
	struct wound *w =
		scrub_wounds_add(r, d, SCRUB_MISSING, "it is needed, and not here");

	if (w == NULL)
		return;
	w->out = true;
	if (bytes > w->bytes)
		w->bytes = bytes;
	if (!r->checks)
		scrub_wounds_hurt(r, manifest, w, bytes);
}

static void look_at_child(struct scrub *r, const struct digest *d, const struct child *c)
{
	struct wound *w = scrub_wounds_find(r, &c->digest);

	if (!marks_add(r->own, &c->digest))
		r->own_full = true;
	if (w != NULL) {
		if (!r->checks)
			scrub_wounds_hurt(r, d, w, c->size);
	}
	/* A mirror fetches what is asked for; what was pushed must be here, unless the
	 * manifest was deleted meanwhile. */
	else if (r->local && !c->is_manifest && !c->is_foreign &&
		 !blob_exists(r->s, &c->digest, NULL) &&
		 !marks_has(r->right, &c->digest) &&
		 link_exists(r->s, LINK_REVISION, r->name, d))
		missing(r, d, &c->digest, c->size);
}

/* A referrer is found by the note about it. Those of mirrored repositories are asked for
 * at their upstream. */
static void look_at_subject(struct scrub *r, const struct digest *d,
			    const struct manifest *doc)
{
	layout_path path;
	bool did = false;

	layout_referrer(path, r->name, &doc->subject, d);
	/* One that has just been pushed gets it in a moment. */
	if (faccessat(r->s->dirfd, path, F_OK, 0) == 0 ||
	    !link_exists(r->s, LINK_REVISION, r->name, d) ||
	    clock_wall_ms() - link_time(r->s, LINK_REVISION, r->name, d) < KEEP_MS)
		return;
	if (!r->ask->look)
		did = referrers_add(r->s, r->name, &doc->subject, d, NULL) == 0;
	scrub_tell(r, SCRUB_REFERRER, scrub_mended(r, did), true, path,
		   "the note that a manifest is about another was not here");
}

/* The bytes have the right digest: what is wrong is what they say. */
static bool is_right(struct scrub *r, const struct digest *d, int *fd)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	struct digest real;
	uint64_t size;
	layout_path path;

	layout_blob(path, d);
	*fd = blob_open(r->s, d, &size, NULL);
	if (*fd < 0 || fs_read(r->s->dirfd, path, &body, NULL) != 0)
		return false;
	digest_of(d->alg, body.p, body.n, &real);
	return digest_equal(&real, d);
}

static void say_no_manifest(struct scrub *r, const struct digest *d, const char *why)
{
	struct scrub_finding *f = mem_alloc(sizeof(*f));
	CLEANUP(mem_freep)
	char *image = NULL;
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	image = mem_fmt("%s@%s", r->name->s, text);
	f->kind = SCRUB_MANIFEST;
	f->done = SCRUB_LEFT;
	f->harms = f->has_digest = f->is_manifest = true;
	f->digest = *d;
	layout_revision(f->path, r->name, d);
	snprintf(f->why, sizeof(f->why), "%s", why);
	f->image[0] = image;
	f->nimages = f->images = 1;
	scrub_give(r, f);
	mem_freep(&f);
}

static void unreadable(struct scrub *r, const struct digest *d, const struct err *why)
{
	CLEANUP(mem_closep)
	int fd = -1;
	struct wound *w;

	r->own_full = true; /* it may name anything */
	if (!link_exists(r->s, LINK_REVISION, r->name, d))
		return; /* deleted meanwhile */
	if (why->kind == ERR_NOT_FOUND && !blob_exists(r->s, d, NULL)) {
		missing(r, d, d, 0);
		return;
	}
	if (why->kind == ERR_CORRUPT && is_right(r, d, &fd)) {
		if (r->checks)
			say_no_manifest(r, d, why->msg);
		return;
	}
	if (why->kind == ERR_DENIED)
		scrub_wounds_add(r, d, SCRUB_UNREADABLE, why->msg);
	else if (quarantine_is_due(why) || why->kind == ERR_LIMIT)
		scrub_wounds_take(r, d, fd, SCRUB_CORRUPT, why->msg);
	w = scrub_wounds_find(r, d);
	if (w != NULL && !r->checks)
		scrub_wounds_hurt(r, d, w, 0);
}

static int look_at_manifest(void *arg, const struct digest *d, struct err *e)
{
	struct scrub *r = arg;
	struct wound *w = scrub_wounds_find(r, d);
	struct manifest doc;
	struct stored *m;
	struct err why;
	size_t i;

	if (r->checks)
		r->out->manifests++;
	if (w != NULL) {
		r->own_full = true;
		if (!r->checks)
			scrub_wounds_hurt(r, d, w, 0);
		return scrub_step(r, e);
	}
	if (mstore_peek(r->s, r->name, d, &m, &why) != 0) {
		unreadable(r, d, &why);
		return scrub_step(r, e);
	}
	if (manifest_parse((struct view){ m->body, m->n }, &doc, &why) != 0) {
		r->own_full = true;
		if (r->checks)
			say_no_manifest(r, d, why.msg);
	} else {
		for (i = 0; i < doc.nchildren; i++)
			look_at_child(r, d, &doc.child[i]);
		if (r->checks && r->local && doc.has_subject)
			look_at_subject(r, d, &doc);
		manifest_done(&doc);
	}
	stored_unref(m);
	return scrub_step(r, e);
}

static int look_at_repository(struct scrub *r, const struct reponame *name, struct err *e)
{
	bool wanted = is_wanted(r, name);
	int rc;

	if (!wanted && (r->checks || r->nwounds == 0))
		return scrub_step(r, e);
	r->name = name;
	r->local = r->ask->is_local == NULL || r->ask->is_local(r->ask->arg, name);
	r->asked = wanted;
	r->own_full = false;
	r->nhurt = 0;
	marks_begin(r->own, 0, MARKS_RANGE_END);
	rc = r->checks ? scrub_links_revisions(r, e) : 0;
	if (rc == 0)
		rc = walk_links(r->s, LINK_REVISION, name, look_at_manifest, r, e);
	if (rc == 0)
		rc = r->checks ? scrub_links(r, e) : scrub_wounds_images(r, e);
	if (rc == 0 && r->checks)
		rc = scrub_notes(r, e);
	if (r->checks)
		r->out->repositories++;
	return rc;
}

/* A folder that cannot be read says so, and the others are looked at. */
static int guarded(void *arg, const struct reponame *name, struct err *e)
{
	struct scrub *r = arg;
	struct err why;

	if (look_at_repository(r, name, &why) != 0) {
		if (why.kind == ERR_CANCELLED) {
			*e = why;
			return -1;
		}
		/* Who was not asked may be harmed. */
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_LEFT, true, name->s, why.msg);
	}
	r->walk.last = *name;
	if (!scrub_over(r) || r->too_much) {
		scrub_state_note(r);
		return 0;
	}
	scrub_state_write(r);
	/* Who cannot go on from here must not stop here. */
	return r->too_much ? 0 : ENDED;
}

int scrub_names(struct scrub *r, struct err *e)
{
	const struct reponame after = r->walk.last;

	return walk_repositories_after(r->s, &after, guarded, r, e);
}
