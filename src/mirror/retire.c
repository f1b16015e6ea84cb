/*
 * retire.c - a walk through tags, then through manifests that no tag reaches.
 */
#include "mirror/retire.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/history.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/marks.h"
#include "store/mstore.h"
#include "store/reach.h"
#include "store/tag.h"
#include "store/walk.h"

#define NAMED_BYTES (8u << 20)
#define GROW 256 /* digests */

struct retiring {
	const struct retire_ask *ask;
	int (*fn)(void *arg, const struct retire_image *im, struct err *e);
	void *arg;
	/* the present repository's */
	struct route route;
	bool routed;
	struct retire_image im;
	struct reach *reach;
	struct marks *named; /* by manifests without a tag */
};

const char *retire_hold_word(enum retire_hold h)
{
	static const char *const words[RETIRE_HOLDS] = { "", "local", "pinned", "locked",
							 "listed" };

	return words[h];
}

static int go_on(const struct retiring *w, struct err *e)
{
	if (w->ask->stop == NULL || !atomic_load(w->ask->stop))
		return 0;
	return err_set(e, ERR_CANCELLED, "larder is stopping");
}

static enum retire_hold hold_of(const struct retiring *w)
{
	const struct retire_image *im = &w->im;

	if (!w->routed || w->route.site == NULL)
		return RETIRE_LOCAL;
	if (im->has_digest && route_locks(&w->route, &im->digest))
		return RETIRE_LOCKED;
	if (im->tag[0] != '\0' && route_tag_policy(&w->route, im->tag).rule == TAG_PINNED)
		return RETIRE_PINNED;
	if (w->ask->is_listed != NULL && w->ask->is_listed(w->ask->arg, im))
		return RETIRE_LISTED;
	return RETIRE_FREE;
}

static int64_t used_by(const struct retiring *w, const char *ref)
{
	return usage_reader_get(w->ask->usage, &w->im.repository, ref).last_ms;
}

/* An image that is pulled by tag and by digest is used by both. */
static void find_use(struct retiring *w)
{
	struct retire_image *im = &w->im;
	char text[DIGEST_TEXT_MAX];
	int64_t ms;

	im->stored_ms = im->has_digest
				? link_time(w->ask->store, LINK_REVISION, &im->repository,
					    &im->digest)
				: tag_time(w->ask->store, &im->repository, im->tag);
	im->used_ms = im->stored_ms;
	if (w->ask->usage == NULL)
		return;
	if (im->tag[0] != '\0') {
		ms = used_by(w, im->tag);
		im->used_ms = ms > im->used_ms ? ms : im->used_ms;
	}
	if (im->has_digest) {
		digest_text(&im->digest, text);
		ms = used_by(w, text);
		im->used_ms = ms > im->used_ms ? ms : im->used_ms;
	}
}

static int give(struct retiring *w, struct err *e)
{
	find_use(w);
	w->im.hold = hold_of(w);
	return w->fn(w->arg, &w->im, e);
}

static int take_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct retiring *w = arg;
	struct reference ref;
	struct digest about;
	int rc = go_on(w, e);

	if (rc != 0 || reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest ||
	    reach_tag_is_about(tag, &about))
		return rc;
	memcpy(w->im.tag, ref.tag, sizeof(w->im.tag));
	w->im.has_digest =
		tag_get(w->ask->store, &w->im.repository, tag, &w->im.digest, NULL) == 0;
	return give(w, e);
}

/* What a manifest without a tag names is part of that image. */
static int note_named(void *arg, const struct digest *d, struct err *e)
{
	struct retiring *w = arg;
	struct manifest parsed;
	struct stored *m;
	size_t i;

	if (reach_has(w->reach, d) ||
	    mstore_peek(w->ask->store, &w->im.repository, d, &m, NULL) != 0)
		return go_on(w, e);
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		for (i = 0; i < parsed.nchildren; i++)
			if (parsed.child[i].is_manifest)
				marks_add(w->named, &parsed.child[i].digest);
		manifest_done(&parsed);
	}
	stored_unref(m);
	return go_on(w, e);
}

static int take_untagged(void *arg, const struct digest *d, struct err *e)
{
	struct retiring *w = arg;

	if (reach_has(w->reach, d) || marks_has(w->named, d))
		return go_on(w, e);
	w->im.tag[0] = '\0';
	w->im.has_digest = true;
	w->im.digest = *d;
	return give(w, e);
}

static int each_untagged(struct retiring *w, struct err *e)
{
	int rc;

	w->reach = reach_new(w->ask->store, &w->im.repository, NULL, NULL, NULL, 0, e);
	if (w->reach == NULL)
		return -1;
	w->named = marks_new(NAMED_BYTES);
	rc = walk_links(w->ask->store, LINK_REVISION, &w->im.repository, note_named, w,
			e);
	if (rc == 0)
		rc = walk_links(w->ask->store, LINK_REVISION, &w->im.repository,
				take_untagged, w, e);
	marks_free(TAKE(w->named));
	reach_free(TAKE(w->reach));
	return rc;
}

static int each_tag(struct retiring *w, struct err *e)
{
	struct err why = { 0 };
	layout_path path;
	int rc;

	layout_tags(path, &w->im.repository);
	rc = fs_each(w->ask->store->dirfd, path, take_tag, w, &why);
	if (rc == -1 && why.kind == ERR_NOT_FOUND)
		return 0;
	if (rc == -1 && e != NULL)
		*e = why;
	return rc;
}

static int take_repository(void *arg, const struct reponame *name, struct err *e)
{
	struct retiring *w = arg;
	int rc;

	w->im.repository = *name;
	w->routed = route_stored(w->ask->plan, name, &w->route, NULL) == 0;
	if (w->routed)
		route_shown(&w->route, w->im.shown);
	else
		memcpy(w->im.shown, name->s, sizeof(name->s));
	rc = each_tag(w, e);
	if (rc == 0)
		rc = each_untagged(w, e);
	if (w->routed)
		route_done(&w->route);
	return rc;
}

int retire_each(const struct retire_ask *ask,
		int (*fn)(void *arg, const struct retire_image *im, struct err *e),
		void *arg, struct err *e)
{
	struct retiring *w = mem_alloc(sizeof(*w));
	int rc;

	w->ask = ask;
	w->fn = fn;
	w->arg = arg;
	rc = walk_repositories(ask->store, take_repository, w, e);
	free(w);
	return rc;
}

/* --- taking out --- */

struct taking {
	struct store *s;
	struct publishing *p;
	const struct retire_image *im;
	size_t n;
	bool dry_run;
	struct reach *out, *stays;
	void (*removed)(void *arg, const struct reponame *name, const struct digest *d);
	void *arg;
	uint64_t manifests;
	struct digest *other; /* manifests that are no part of what goes */
	size_t nothers;
};

static bool is_among(void *arg, const char *tag)
{
	const struct taking *t = arg;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->im[i].tag, tag) == 0)
			return true;
	return false;
}

static bool no_tag(void *arg, const char *tag)
{
	struct digest about;

	return !reach_tag_is_about(tag, &about);
}

/* What stays keeps what it names, also where that is part of what goes. */
static int note_other(void *arg, const struct digest *d, struct err *e)
{
	struct taking *t = arg;

	if (reach_has(t->out, d))
		return 0;
	if (t->nothers % GROW == 0)
		t->other = mem_grow(t->other, (t->nothers + GROW) * sizeof(*t->other));
	t->other[t->nothers++] = *d;
	return 0;
}

/* All of one repository. A mirrored tag stays what it is, without a copy here. */
static const char *history_says(const struct taking *t)
{
	return t->n > 0 && t->im[0].hold == RETIRE_LOCAL ? HISTORY_PRUNE : NULL;
}

static int take_out(void *arg, const struct digest *d, struct err *e)
{
	struct taking *t = arg;
	struct err why;

	if (!reach_has(t->out, d) || reach_has(t->stays, d))
		return 0;
	if (t->removed != NULL)
		t->removed(t->arg, &t->im->repository, d);
	t->manifests++;
	if (t->dry_run ||
	    publish_remove(t->p, &t->im->repository, d, history_says(t), &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

/* It may have been moved since it was listed: then it is another image. */
static bool is_still(struct store *s, const struct retire_image *im)
{
	struct digest at;
	bool has = tag_get(s, &im->repository, im->tag, &at, NULL) == 0;

	return has == im->has_digest && (!has || digest_equal(&at, &im->digest));
}

/* Tags first, as publish.h has it. */
static int untag(const struct taking *t, struct err *e)
{
	struct err why;
	size_t i;

	for (i = 0; i < t->n && !t->dry_run; i++) {
		if (t->im[i].tag[0] == '\0' || !is_still(t->s, &t->im[i]) ||
		    publish_untag(t->p, &t->im->repository, t->im[i].tag, history_says(t),
				  &why) == 0 ||
		    why.kind == ERR_NOT_FOUND)
			continue;
		if (e != NULL)
			*e = why;
		return -1;
	}
	return 0;
}

int retire_images(struct store *s, struct publishing *p, const struct retire_image *im,
		  size_t n, bool dry_run,
		  void (*removed)(void *arg, const struct reponame *name,
				  const struct digest *d),
		  void *arg, uint64_t *manifests, struct err *e)
{
	struct taking t = { .s = s,
			    .p = p,
			    .im = im,
			    .n = n,
			    .dry_run = dry_run,
			    .removed = removed,
			    .arg = arg };
	struct digest *root = mem_alloc((n + 1) * sizeof(*root));
	size_t i, nroots = 0;
	int rc = -1;

	*manifests = 0;
	for (i = 0; i < n; i++)
		if (im[i].has_digest)
			root[nroots++] = im[i].digest;
	t.out = reach_new(s, &im->repository, no_tag, NULL, root, nroots, e);
	if (t.out != NULL &&
	    walk_links(s, LINK_REVISION, &im->repository, note_other, &t, e) == 0)
		t.stays = reach_new(s, &im->repository, is_among, &t, t.other, t.nothers,
				    e);
	if (t.stays != NULL && untag(&t, e) == 0)
		rc = walk_links(s, LINK_REVISION, &im->repository, take_out, &t, e);
	*manifests = t.manifests;
	reach_free(t.out);
	reach_free(t.stays);
	free(root);
	free(t.other);
	return rc;
}
