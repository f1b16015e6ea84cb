/*
 * inventory.c - the walk through repositories, tags and manifests. No state.
 */
#include "mirror/inventory.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/tally.h"
#include "store/link.h"
#include "store/list.h"
#include "store/mstore.h"
#include "store/tag.h"

#define NAMES_AT_ONCE 1000

struct walk {
	const struct inventory_ask *ask;
	struct shares *shares;
	bool count; /* else rows are made */
	size_t left;
	int (*give)(void *arg, const struct inventory_row *r, struct err *e);
	void *arg;
	char *next; /* the place of the last row; of INVENTORY_PLACE_MAX bytes */
	/* the present repository's */
	struct route route;
	bool routed;
	struct inventory_row row;
};

static int go_on(const struct walk *w, struct err *e)
{
	if (w->ask->stop == NULL || !atomic_load(w->ask->stop))
		return 0;
	return err_set(e, ERR_CANCELLED, "larder is stopping");
}

/* --- one row --- */

static void damaged(struct inventory_row *r, const char *why)
{
	r->state = INVENTORY_DAMAGED;
	snprintf(r->reason, sizeof(r->reason), "%s", why);
}

static enum inventory_state freshness(struct walk *w, int64_t checked_ms)
{
	struct tag_policy policy = route_tag_policy(&w->route, w->row.tag);
	int64_t age_ms = clock_wall_ms() - checked_ms;
	const struct lockfile_entry *lock = route_lock(&w->route, w->row.tag);

	/* A tag that was there before the lock is set when it is next asked for. */
	if (lock != NULL && w->row.has_digest)
		return digest_equal(&lock->image.digest, &w->row.digest)
			       ? INVENTORY_LOCKED
			       : INVENTORY_DUE;
	if (policy.rule == TAG_PINNED)
		return INVENTORY_PINNED;
	if (policy.rule == TAG_AGE && checked_ms != 0 && age_ms < policy.age_ms &&
	    age_ms > -policy.age_ms)
		return INVENTORY_FRESH;
	return atomic_load(&w->route.site->trouble) ? INVENTORY_STALE : INVENTORY_DUE;
}

static void find_state(struct walk *w)
{
	struct inventory_row *r = &w->row;
	struct digest noted;
	int64_t ms;

	if (r->tag[0] != '\0' &&
	    tag_check_get(w->ask->store, &r->repository, r->tag, &noted, &ms, NULL) ==
		    0 &&
	    r->has_digest && digest_equal(&noted, &r->digest))
		r->checked_ms = ms;
	if (!w->routed)
		r->state = INVENTORY_UNSERVED;
	else if (w->route.site == NULL)
		r->state = INVENTORY_LOCAL;
	else if (r->tag[0] == '\0')
		r->state = INVENTORY_UNTAGGED;
	else
		r->state = freshness(w, r->checked_ms);
}

/* By its tag; by its digest where it was never asked for by tag. */
static void find_use(struct walk *w)
{
	struct inventory_row *r = &w->row;
	char text[DIGEST_TEXT_MAX];
	struct used u = { 0 };

	if (w->ask->usage == NULL)
		return;
	if (r->tag[0] != '\0')
		u = usage_reader_get(w->ask->usage, &r->repository, r->tag);
	if (u.last_ms == 0 && r->has_digest) {
		digest_text(&r->digest, text);
		u = usage_reader_get(w->ask->usage, &r->repository, text);
	}
	r->used_ms = u.last_ms;
	r->uses = u.times;
}

static void find_content(struct walk *w)
{
	struct inventory_row *r = &w->row;
	struct err why;

	r->stored_ms =
		link_time(w->ask->store, LINK_REVISION, &r->repository, &r->digest);
	if (tally_image(w->ask->store, w->shares, w->count, r, &why) == 0) {
		/* A mirror fetches what is asked for; what was pushed is all here. */
		if (!r->complete && r->state == INVENTORY_LOCAL &&
		    strcmp(r->kind, "image") == 0)
			damaged(r, "some of its blobs are not here; push it again");
	} else if (why.kind == ERR_NOT_FOUND) {
		damaged(r, "its manifest is not here; pull or push it again");
	} else {
		damaged(r, why.msg);
	}
}

static void clear_row(struct walk *w)
{
	struct inventory_row *r = &w->row;

	/* Not the platforms: they are many, and counted. */
	r->tag[0] = r->media_type[0] = r->reason[0] = '\0';
	r->has_digest = r->complete = false;
	r->kind = "";
	r->nplatforms = r->listed = 0;
	r->bytes = r->uses = 0;
	r->shared = r->stored_ms = r->checked_ms = r->used_ms = 0;
}

static int count_one(struct walk *w, const struct digest *d)
{
	if (!shares_image(w->shares, &w->row.repository, d))
		return 0;
	clear_row(w);
	w->row.digest = *d;
	tally_image(w->ask->store, w->shares, true, &w->row, NULL);
	return 0;
}

/* 0: go on; 1: enough; -1. why: the tag cannot be read. */
static int row_one(struct walk *w, const char *tag, const struct digest *d,
		   const struct err *why, struct err *e)
{
	const struct inventory_ask *ask = w->ask;
	struct inventory_row *r = &w->row;
	char text[DIGEST_TEXT_MAX] = "";
	int rc;

	if (ask->want != NULL && !ask->want(ask->want_arg, r->shown, tag))
		return 0;
	if (w->left == 0)
		return 1;
	clear_row(w);
	snprintf(r->tag, sizeof(r->tag), "%s", tag);
	if (why == NULL) {
		r->has_digest = true;
		r->digest = *d;
		digest_text(d, text);
	}
	find_state(w);
	find_use(w);
	if (why != NULL)
		damaged(r, why->msg);
	else
		find_content(w);
	rc = w->give(w->arg, r, e);
	if (rc < 0)
		return -1;
	w->left--;
	snprintf(w->next, INVENTORY_PLACE_MAX, "%s%s%s", r->repository.s,
		 tag[0] != '\0' ? ":" : "@", tag[0] != '\0' ? tag : text);
	return rc;
}

/* --- one repository --- */

static int walk_tags(struct walk *w, const char *last, struct shares *tagged,
		     struct err *e)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(LIST_MAX_BYTES);
	struct store *s = w->ask->store;
	struct digest d;
	struct err why;
	const char *p;
	int rc = 0;
	bool more;

	if (list_tags(s, &w->row.repository, last, SIZE_MAX, &tags, &more, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		if (e != NULL)
			*e = why;
		return -1;
	}
	for (p = buf_str(&tags); p < buf_str(&tags) + tags.n && rc == 0;
	     p += strlen(p) + 1) {
		bool torn = tag_get(s, &w->row.repository, p, &d, &why) != 0;

		if (go_on(w, e) != 0)
			return -1;
		if (torn && why.kind == ERR_NOT_FOUND)
			continue; /* removed meanwhile */
		if (tagged != NULL && !torn)
			shares_blob(tagged, &d, 0, true);
		if (w->count)
			rc = torn ? 0 : count_one(w, &d);
		else if (w->give != NULL)
			rc = row_one(w, p, &d, torn ? &why : NULL, e);
	}
	return rc;
}

/* What the indexes of a repository name is theirs. */
static void reach_children(struct walk *w, const char *digest, struct shares *reached)
{
	struct manifest doc;
	struct stored *m;
	struct digest d;
	size_t i;

	if (digest_parse(view_of(digest), &d, NULL) != 0 ||
	    mstore_peek(w->ask->store, &w->row.repository, &d, &m, NULL) != 0)
		return;
	if (manifest_parse((struct view){ m->body, m->n }, &doc, NULL) == 0) {
		for (i = 0; i < doc.nchildren; i++)
			if (doc.child[i].is_manifest)
				shares_blob(reached, &doc.child[i].digest, 0, true);
		manifest_done(&doc);
	}
	stored_unref(m);
}

static int walk_untagged(struct walk *w, const char *last, struct err *e)
{
	CLEANUP(buf_done)
	struct buf all = BUF_INIT(LIST_MAX_BYTES);
	CLEANUP(shares_freep)
	struct shares *reached = shares_new();
	struct walk tags = { .ask = w->ask, .row.repository = w->row.repository };
	struct digest d;
	struct err why;
	const char *p;
	int rc = 0;
	bool more;

	if (list_manifests(w->ask->store, &w->row.repository, "", SIZE_MAX, &all, &more,
			   &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (walk_tags(&tags, "", reached, e) != 0)
		return -1;
	for (p = buf_str(&all); p < buf_str(&all) + all.n; p += strlen(p) + 1) {
		if (go_on(w, e) != 0)
			return -1;
		reach_children(w, p, reached);
	}
	for (p = buf_str(&all); p < buf_str(&all) + all.n && rc == 0;
	     p += strlen(p) + 1) {
		if (strcmp(p, last) <= 0 || digest_parse(view_of(p), &d, NULL) != 0 ||
		    shares_has(reached, &d))
			continue;
		rc = go_on(w, e);
		if (rc == 0)
			rc = w->count ? count_one(w, &d) : row_one(w, "", &d, NULL, e);
	}
	return rc;
}

/* after: the rest of a place, from its ":" or "@" on; "" from the start. */
static int walk_repository(struct walk *w, const char *name, const char *after,
			   struct err *e)
{
	const struct inventory_ask *ask = w->ask;
	struct inventory_row *r = &w->row;
	int rc = 0;

	if (go_on(w, e) != 0)
		return -1;
	if (reponame_parse(view_of(name), &r->repository, NULL) != 0 ||
	    (ask->may != NULL && !ask->may(ask->may_arg, name)))
		return 0;
	w->routed = route_stored(ask->plan, &r->repository, &w->route, NULL) == 0;
	if (w->routed)
		route_shown(&w->route, r->shown);
	else
		snprintf(r->shown, sizeof(r->shown), "%s", name);
	if (after[0] != '@')
		rc = walk_tags(w, after[0] == ':' ? after + 1 : "", NULL, e);
	if (rc == 0 && ask->all)
		rc = walk_untagged(w, after[0] == '@' ? after + 1 : "", e);
	if (w->routed)
		route_done(&w->route);
	return rc;
}

/* --- all --- */

static int walk_from(struct walk *w, const char *last, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	char from[NAME_MAX_BYTES + 1] = "";
	size_t n = strcspn(last, ":@");
	bool more = true;
	const char *p;
	int rc = 0;

	if (n > NAME_MAX_BYTES)
		return err_set(e, ERR_INVALID, "no image has such a long name");
	memcpy(from, last, n);
	if (last[n] != '\0')
		rc = walk_repository(w, from, last + n, e);
	while (rc == 0 && more) {
		buf_clear(&names);
		if (list_repositories(w->ask->store, from, NAMES_AT_ONCE, &names, &more,
				      e) != 0)
			return -1;
		for (p = buf_str(&names); p < buf_str(&names) + names.n && rc == 0;
		     p += strlen(p) + 1) {
			rc = walk_repository(w, p, "", e);
			snprintf(from, sizeof(from), "%s", p);
		}
	}
	return rc;
}

int inventory_count(const struct inventory_ask *ask, struct shares *s, struct err *e)
{
	struct walk w = { .ask = ask, .shares = s, .count = true };

	return walk_from(&w, "", e) < 0 ? -1 : 0;
}

int inventory_list(const struct inventory_ask *ask, struct shares *s, const char *last,
		   size_t max,
		   int (*row)(void *arg, const struct inventory_row *r, struct err *e),
		   void *arg, inventory_place next, struct err *e)
{
	inventory_place place = "";
	struct walk w = { .ask = ask,
			  .shares = s,
			  .left = max,
			  .give = row,
			  .arg = arg,
			  .next = place };
	int rc = walk_from(&w, last, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		place[0] = '\0';
	memcpy(next, place, sizeof(place));
	return 0;
}
