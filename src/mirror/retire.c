/*
 * retire.c - a walk through tags, then through manifests that no tag reaches.
 */
#include "mirror/retire.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/marks.h"
#include "store/mstore.h"
#include "store/reach.h"
#include "store/tag.h"
#include "store/walk.h"

#define NAMED_BYTES (8u << 20)

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

	w->reach =
		reach_new(w->ask->store, &w->im.repository, NULL, NULL, NULL, 0, NULL, e);
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
