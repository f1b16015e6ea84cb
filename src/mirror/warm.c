/*
 * warm.c - the way through a whole image, several of its parts at once.
 *
 * One thread owns a walk: a list of things (manifests and blobs) that grows as manifests
 * become known, and a few places in which the next of them are brought here. A place asks
 * as a client's request would (ask_manifest, ask_blob), and waits for bells.
 */
#include "mirror/warm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "mirror/ask_blob.h"
#include "mirror/ask_manifest.h"
#include "mirror/await.h"
#include "mirror/awaited.h"
#include "mirror/flight.h"
#include "mirror/mirror_impl.h"
#include "mirror/throttle.h"
#include "mirror/selection.h"
#include "store/blob.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/tag.h"

#define PLACES 4 /* parts of one image at once */

struct thing {
	struct digest digest;
	uint64_t size;
	bool is_manifest;
};

struct place {
	const struct thing *thing; /* NULL: free */
	struct visit visit;
	struct task *flight; /* a reference: it is coming */
	uint64_t counted;    /* of its bytes, in the progress */
	struct other other;  /* process that may be bringing it */
	struct await_place wait;
};

struct walk {
	struct mirror *m;
	const struct route *route;
	const struct warm_wish *wish;
	enum visit_for who;
	struct warm_progress *progress;
	struct thing **thing;
	size_t nthings, next;
	struct map *known; /* digest to thing */
	struct await await;
	struct place place[PLACES];
	bool fetched; /* something was not here */
	int rc;	      /* -1: *e says what hindered first */
	struct err *e;
};

static void fail(struct walk *w, const struct err *e)
{
	if (w->rc == 0)
		*w->e = *e;
	w->rc = -1;
}

/* After these nothing else would fare better. */
static bool is_over(const struct walk *w)
{
	return w->rc != 0 && (w->e->kind == ERR_CANCELLED || w->e->kind == ERR_NO_SPACE ||
			      w->e->kind == ERR_BUSY || w->e->kind == ERR_DENIED ||
			      w->e->kind == ERR_LIMIT);
}

static void add_thing(struct walk *w, const struct digest *d, uint64_t size,
		      bool is_manifest)
{
	char key[DIGEST_TEXT_MAX];
	struct thing *t;
	struct err e;

	digest_text(d, key);
	if (map_get(w->known, key) != NULL)
		return;
	t = mem_alloc(sizeof(*t));
	*t = (struct thing){ *d, size, is_manifest };
	if (map_put(w->known, key, t) != 0) {
		free(t);
		err_set(&e, ERR_LIMIT, "%s has more than %d manifests and blobs",
			w->route->remote.s, WARM_MAX_THINGS);
		fail(w, &e);
		return;
	}
	w->thing = mem_grow(w->thing, (w->nthings + 1) * sizeof(*w->thing));
	w->thing[w->nthings++] = t;
	if (is_manifest)
		return;
	atomic_fetch_add(&w->progress->blobs, 1);
	atomic_fetch_add(&w->progress->bytes, size);
}

static void add_children(struct walk *w, const struct stored *s, const char *name)
{
	struct manifest m;
	size_t i, n;
	struct err e;

	if (manifest_parse((struct view){ s->body, s->n }, &m, &e) != 0) {
		fail(w, &e);
		return;
	}
	n = m.nchildren;
	if (selection_check(&m, w->wish, name, &e) != 0) {
		fail(w, &e);
		n = 0;
	}
	for (i = 0; i < n && !is_over(w); i++)
		if (selection_wants(&m, i, w->wish))
			add_thing(w, &m.child[i].digest, m.child[i].size,
				  m.child[i].is_manifest);
	manifest_done(&m);
}

static void leave(struct place *p)
{
	await_leave(&p->wait);
	visit_done(&p->visit);
	task_unref(p->flight);
	memset(p, 0, sizeof(*p));
}

static void count_bytes(struct walk *w, struct place *p, uint64_t landed)
{
	if (landed <= p->counted)
		return; /* it has begun anew */
	atomic_fetch_add(&w->progress->bytes_done, landed - p->counted);
	p->counted = landed;
}

/* Brought for this repository or, at the same time, for another. */
static int make_last(struct walk *w, struct place *p, struct err *e)
{
	if (p->visit.outcome == OUTCOME_HIT && p->flight == NULL)
		return 0;
	return link_add(w->m->store, LINK_LAYER, &w->route->name, &p->thing->digest, true,
			e);
}

static void blob_is_here(struct walk *w, struct place *p)
{
	count_bytes(w, p, p->thing->size);
	atomic_fetch_add(&w->progress->blobs_done, 1);
	if (p->flight != NULL)
		atomic_fetch_add(&w->progress->fetched, p->thing->size);
}

static int no_space(struct err *e)
{
	return err_set(
		e, ERR_NO_SPACE,
		"the disk of the store is full, or what must stay in it leaves too "
		"little room within larder.size; free some space there");
}

/* What the disk did not take is in memory, for clients; that is not what is asked for. */
static int check_kept(struct walk *w, const struct digest *d, struct err *e)
{
	if (link_exists(w->m->store, LINK_REVISION, &w->route->name, d) &&
	    blob_exists(w->m->store, d, NULL))
		return 0;
	return err_set(e, ERR_NO_SPACE,
		       "the store did not take its manifest: its disk is full, or fails");
}

static int check_root(struct walk *w, const struct reference *ref, const struct digest *d,
		      struct err *e)
{
	struct digest at;

	if (check_kept(w, d, e) != 0)
		return -1;
	if (ref->is_digest ||
	    (tag_get(w->m->store, &w->route->name, ref->tag, &at, NULL) == 0 &&
	     digest_equal(&at, d)))
		return 0;
	return err_set(e, ERR_NO_SPACE,
		       "the store did not take its tag: its disk is full, or fails");
}

/* A download under way: 1 to wait, 0 it is here, -1 *e. */
static int watch_flight(struct walk *w, struct place *p, struct err *e)
{
	uint64_t seen = bell_count(task_bell(p->flight));
	const struct task_result *result = task_result(p->flight);

	count_bytes(w, p, flight_landed(p->flight));
	if (result == NULL) {
		if (flight_is_passing(p->flight))
			return no_space(e);
		p->visit.bell = task_bell(p->flight);
		p->visit.seen = seen;
		return 1;
	}
	if (result->rc != 0) {
		*e = result->err;
		return -1;
	}
	return blob_exists(w->m->store, &p->thing->digest, NULL) ? 0 : no_space(e);
}

static int step_blob(struct walk *w, struct place *p, struct err *e)
{
	struct found_blob found;
	enum answer answer;

	if (p->flight != NULL)
		return watch_flight(w, p, e);
	if (!blob_exists(w->m->store, &p->thing->digest, NULL) &&
	    others_bring(w->m, &p->thing->digest, &p->other, &p->visit.bell,
			 &p->visit.seen)) {
		count_bytes(w, p, p->other.bytes);
		return 1;
	}
	answer = ask_blob(w->m, w->route, &p->thing->digest, true, &p->visit, &found, e);
	if (answer != ANSWER_READY)
		return answer == ANSWER_WAIT ? 1 : -1;
	mem_closep(&found.fd);
	p->flight = found.flight;
	return p->flight != NULL ? watch_flight(w, p, e) : 0;
}

static int step_manifest(struct walk *w, struct place *p, struct err *e)
{
	struct reference ref = { .is_digest = true, .digest = p->thing->digest };
	struct found_manifest found;
	enum answer answer = ask_manifest(w->m, w->route, &ref, &p->visit, &found, e);

	if (answer != ANSWER_READY)
		return answer == ANSWER_WAIT ? 1 : -1;
	add_children(w, found.m, w->route->remote.s);
	stored_unref(found.m);
	return check_kept(w, &p->thing->digest, e);
}

/* Until it has to wait or is done with its thing. */
static void step(struct walk *w, struct place *p)
{
	struct err e;
	int rc;

	do {
		rc = p->thing->is_manifest ? step_manifest(w, p, &e)
					   : step_blob(w, p, &e);
	} while (rc == 1 &&
		 !await_add(&w->await, &p->wait, p->visit.bell, p->visit.seen));
	if (rc == 1)
		return;
	if (rc == 0 && !p->thing->is_manifest)
		rc = make_last(w, p, &e);
	if (rc != 0)
		fail(w, &e);
	else if (!p->thing->is_manifest)
		blob_is_here(w, p);
	w->fetched = w->fetched || p->visit.outcome != OUTCOME_HIT || p->flight != NULL;
	leave(p);
}

static bool take_next(struct walk *w, struct place *p)
{
	if (w->next == w->nthings || is_over(w))
		return false;
	p->thing = w->thing[w->next++];
	p->visit.since_ms = clock_mono_ms();
	p->visit.who = w->who;
	return true;
}

/* True: it waits. False: it has nothing to do. */
static bool keep_busy(struct walk *w, struct place *p)
{
	while (p->thing != NULL || take_next(w, p)) {
		if (await_waits(&p->wait))
			return true;
		step(w, p);
	}
	return false;
}

static void bring_all(struct walk *w)
{
	size_t i, waiting;

	for (;;) {
		for (i = waiting = 0; i < PLACES; i++)
			waiting += keep_busy(w, &w->place[i]);
		if (is_over(w) || (waiting == 0 && w->next == w->nthings))
			break;
		if (waiting > 0)
			await_any(&w->await);
	}
	for (i = 0; i < PLACES; i++)
		leave(&w->place[i]);
}

/* Before a copy is compared with what its upstream has: there may be many. */
static void take_turn(const struct route *r, const struct reference *ref, bool had,
		      enum visit_for who)
{
	if (had && !ref->is_digest && route_tag_policy(r, ref->tag).rule != TAG_PINNED)
		throttle_wait(r->site, who == VISIT_BACKGROUND);
}

/* The manifest that the reference leads to: 0, or -1. */
static int find_root(struct walk *w, const struct reference *ref, struct warm_done *out,
		     struct stored **root, struct err *e)
{
	struct visit v = { .since_ms = clock_mono_ms(),
			   .who = w->who,
			   .must_check = true };
	struct found_manifest found;
	enum answer answer;

	*e = (struct err){ 0 };
	while ((answer = ask_manifest(w->m, w->route, ref, &v, &found, e)) == ANSWER_WAIT)
		awaited_bell(v.bell, v.seen);
	visit_done(&v);
	if (answer == ANSWER_FAILED)
		return -1;
	out->stale = found.stale;
	if (found.stale)
		out->why = *e;
	out->digest = found.m->digest;
	*root = found.m;
	return 0;
}

static bool find_before(struct mirror *m, const struct route *r,
			const struct reference *ref, struct digest *before)
{
	struct tagstate state;
	struct stored *have;

	if (!ref->is_digest && !tagstate_get(m->fetch.tags, &r->name, ref->tag, &state))
		return false;
	*before = ref->is_digest ? ref->digest : state.digest;
	if (mstore_get(m->store, &r->name, before, &have, NULL) != 0)
		return false;
	stored_unref(have);
	return true;
}

static void walk_init(struct walk *w, struct mirror *m, const struct route *r,
		      const struct warm_wish *wish, enum visit_for who,
		      struct warm_progress *p, struct err *e)
{
	memset(w, 0, sizeof(*w));
	w->m = m;
	w->route = r;
	w->wish = wish;
	w->who = who;
	w->progress = p;
	w->e = e;
	w->known = map_new(WARM_MAX_THINGS);
	await_init(&w->await);
}

static void walk_done(struct walk *w)
{
	await_done(&w->await);
	map_free(w->known, free);
	free(w->thing);
}

int warm_image(struct mirror *m, const struct route *r, const struct reference *ref,
	       const struct warm_wish *wish, enum visit_for who, struct warm_progress *p,
	       struct warm_done *out, struct err *e)
{
	struct warm_done got = { 0 };
	struct stored *root = NULL;
	struct err why;
	struct walk w;

	walk_init(&w, m, r, wish, who, p, &why);
	got.had = find_before(m, r, ref, &got.before);
	take_turn(r, ref, got.had, who);
	if (find_root(&w, ref, &got, &root, &why) != 0) {
		w.rc = -1;
	} else {
		add_children(&w, root, r->remote.s);
		bring_all(&w);
		stored_unref(root);
		if (w.rc == 0)
			w.rc = check_root(&w, ref, &got.digest, &why);
	}
	got.complete = !w.fetched && got.had && digest_equal(&got.before, &got.digest);
	walk_done(&w);
	if (w.rc != 0) {
		*e = why;
		return -1;
	}
	*out = got;
	return 0;
}

/* What is here already, from the store alone. */
static bool is_here(struct walk *w, const struct thing *t)
{
	struct stored *s;

	if (!t->is_manifest)
		return blob_exists(w->m->store, &t->digest, NULL);
	if (mstore_get(w->m->store, &w->route->name, &t->digest, &s, NULL) != 0)
		return false;
	add_children(w, s, w->route->remote.s);
	stored_unref(s);
	return w->rc == 0;
}

static int look_upstream(const struct route *r, const struct reference *ref,
			 struct warm_look *look, struct err *e)
{
	struct upstream_manifest about;

	if (ref->is_digest) {
		look->digest = ref->digest;
		return 0;
	}
	if (look->had && route_tag_policy(r, ref->tag).rule == TAG_PINNED) {
		look->digest = look->before;
		return 0;
	}
	if (throttle_may(r, UPSTREAM_WANT_CHECK, false, e) != 0)
		return -1;
	if (upstream_head_manifest(r->site->up, &r->remote, ref,
				   clock_mono_ms() + VISIT_DEADLINE_MS, &about, e) != 0)
		return -1;
	if (!about.has_digest)
		return err_set(e, ERR_UPSTREAM,
			       "%s does not say the digest of %s:%s without a pull",
			       r->site->host, r->remote.s, ref->tag);
	look->digest = about.digest;
	return 0;
}

int warm_look(struct mirror *m, const struct route *r, const struct reference *ref,
	      const struct warm_wish *wish, enum visit_for who, struct warm_look *out,
	      struct err *e)
{
	struct warm_progress nobody = { 0 };
	struct warm_look look = { 0 };
	struct err why;
	struct walk w;

	look.had = find_before(m, r, ref, &look.before);
	take_turn(r, ref, look.had, who);
	if (look_upstream(r, ref, &look, e) != 0)
		return -1;
	walk_init(&w, m, r, wish, who, &nobody, &why);
	add_thing(&w, &look.digest, 0, true);
	look.complete = true;
	while (look.complete && w.next < w.nthings)
		look.complete = is_here(&w, w.thing[w.next++]);
	walk_done(&w);
	*out = look;
	return 0;
}
