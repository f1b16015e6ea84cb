/*
 * ask_locked.c - by digest, whatever the upstream says of the tag. No state: where
 * upstreams have moved locked tags is in mirror/drift.h.
 */
#include "mirror/ask_locked.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "mirror/drift.h"
#include "mirror/mirror_impl.h"
#include "store/link.h"

#define LANE "tags" /* of work that only sets tags */

static const struct digest *locked_to(const struct route *r, const char *tag)
{
	return &route_lock(r, tag)->image.digest;
}

void ask_locked_keep(struct mirror *m, const struct route *r, const char *tag)
{
	const struct digest *d = locked_to(r, tag);

	tagstate_locked(m->fetch.tags, &r->name, tag, d,
			!link_exists(m->store, LINK_REVISION, &r->name, d));
}

static bool is_kept(struct mirror *m, const struct route *r, const char *tag,
		    struct tagstate *state)
{
	return tagstate_get(m->fetch.tags, &r->name, tag, state) &&
	       digest_equal(&state->digest, locked_to(r, tag));
}

static void run_keep(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct tagstate state;

	(void)t;
	out->rc = 0;
	if (!is_kept(w->m, &w->route, w->tag, &state))
		ask_locked_keep(w->m, &w->route, w->tag);
}

/* Is it time to ask the upstream? state: of the tag, if that is where it should be. */
static bool is_due(struct mirror *m, const struct route *r, const char *tag,
		   const struct tagstate *state, int64_t since_ms, bool must_check)
{
	struct tagstate known = { .checked_wall_ms = 0 };
	struct drift drift;

	if (drift_get(m->drifts, r, tag, &drift)) {
		known.checked_wall_ms = drift.checked_wall_ms;
		known.checked_mono_ms = drift.checked_mono_ms;
	} else if (state != NULL) {
		known = *state;
	}
	return !tagstate_is_fresh(&known, route_tag_policy(r, tag), since_ms, must_check);
}

/* What the upstream said just now; NULL: that there is no such tag. */
static void note(struct work *w, const struct upstream_manifest *about)
{
	const struct digest *d = locked_to(&w->route, w->tag);
	struct tagstate now = { *d, clock_wall_ms(), 0 };

	drift_note(w->m->drifts, &w->route, w->tag, about == NULL,
		   about != NULL && about->has_digest ? &about->digest : NULL);
	if (about != NULL && about->has_digest && digest_equal(&about->digest, d))
		tagstate_checked(
			w->m->fetch.tags, &w->route.name, w->tag, &now,
			!link_exists(w->m->store, LINK_REVISION, &w->route.name, d),
			w->route.site->host);
}

static void run_compare(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct upstream_manifest about;
	struct tagstate state;
	bool kept = is_kept(w->m, &w->route, w->tag, &state);
	int rc;

	/* Between a look and the start, another's comparison may have ended. */
	if (!is_due(w->m, &w->route, w->tag, kept ? &state : NULL, w->since_ms,
		    w->must_check))
		return;
	rc = fetch_look(&w->m->fetch, &w->route, w->tag,
			task_started_ms(t) + VISIT_DEADLINE_MS, &about, &out->err);
	if (rc == 0) {
		note(w, &about);
	} else if (out->err.kind == ERR_NOT_FOUND) {
		note(w, NULL);
		rc = 0;
	}
	visit_work_over(out, w, rc);
}

static struct task *start(struct mirror *m, const struct route *r, const char *tag,
			  char kind, struct visit *v, struct err *e)
{
	struct work *w = visit_work(m, r, v);
	bool started;
	visit_key key;

	w->cached = true;
	w->want = UPSTREAM_WANT_CHECK;
	snprintf(w->tag, sizeof(w->tag), "%s", tag);
	snprintf(key, sizeof(key), "%c %s:%s", visit_kind(kind, v), r->name.s, tag);
	return kind == 'k' ? visit_join_here(v, LANE, key, run_keep, w, e)
			   : visit_join(v, key, run_compare, w, &started, e);
}

/* Beside the answer: nobody waits for either. */
static void look_beside(struct mirror *m, const struct route *r, const char *tag,
			struct visit *v)
{
	enum outcome outcome = v->outcome;
	struct tagstate state;
	struct err e;
	bool kept = is_kept(m, r, tag, &state);

	if (!kept)
		start(m, r, tag, 'k', v, &e);
	if (is_due(m, r, tag, kept ? &state : NULL, v->since_ms, false))
		start(m, r, tag, 'd', v, &e);
	v->outcome = outcome;
}

/* Who must know waits for the upstream's word, but gets the same. */
static enum answer look_first(struct mirror *m, const struct route *r, const char *tag,
			      struct visit *v, struct found_manifest *out, struct err *e)
{
	const struct task_result *result;
	enum outcome outcome = v->outcome;
	enum answer answer = ANSWER_FAILED;
	struct tagstate state;
	bool kept = is_kept(m, r, tag, &state);

	if (!is_due(m, r, tag, kept ? &state : NULL, v->since_ms, true))
		return ANSWER_READY;
	if (start(m, r, tag, 'd', v, e) != NULL)
		answer = visit_look(v, &result, e);
	v->outcome = outcome;
	if (answer == ANSWER_FAILED) {
		out->stale = true;
		return ANSWER_READY;
	}
	if (answer == ANSWER_WAIT) {
		stored_unref(out->m);
		out->m = NULL;
	}
	return answer;
}

static void show_drift(struct mirror *m, const struct route *r, const char *tag,
		       struct found_manifest *out)
{
	struct drift drift;

	out->lock.locked = true;
	if (!drift_get(m->drifts, r, tag, &drift) || drift.kind == DRIFT_UNKNOWN)
		return;
	out->lock.drifted = true;
	out->lock.has_upstream = drift.kind == DRIFT_MOVED;
	out->lock.upstream = drift.found;
}

static void count_held(const struct route *r)
{
	struct metric *m = metrics_family(
		METRIC_COUNTER, "larder_lock_held_total", "upstream",
		"Answers with what a tag is locked to while its upstream had moved it");

	metrics_add(metrics_cell(m, r->site->host, NULL, NULL, NULL), 1);
}

static enum answer refuse(const struct route *r, const char *tag, struct err *e)
{
	char shown[ROUTE_SHOWN_MAX], digest[DIGEST_TEXT_MAX];

	route_shown(r, shown);
	digest_text(locked_to(r, tag), digest);
	/* Not "there is none": the upstream may well have the tag, only not these bytes.
	 */
	if (e->kind == ERR_NOT_FOUND) {
		err_set(e, ERR_DENIED,
			"%s:%s is locked to %s, which is not here, and which %s does not "
			"have any more; to move the lock on purpose: larder lock "
			"--update %s:%s",
			shown, tag, digest, r->site->host, shown, tag);
		e->lasting = true;
	} else {
		err_add(e, "%s:%s, locked to %s", shown, tag, digest);
	}
	return ANSWER_FAILED;
}

enum answer ask_locked(struct mirror *m, const struct route *r, const char *tag,
		       struct visit *v, struct found_manifest *out, struct err *e)
{
	struct reference ref = { .is_digest = true, .digest = *locked_to(r, tag) };
	enum answer answer = ask_manifest(m, r, &ref, v, out, e);

	if (answer == ANSWER_FAILED)
		return refuse(r, tag, e);
	if (answer == ANSWER_WAIT)
		return answer;
	if (v->must_check)
		answer = look_first(m, r, tag, v, out, e);
	else if (!v->as_locked && v->who == VISIT_CLIENT)
		look_beside(m, r, tag, v);
	if (answer != ANSWER_READY)
		return answer;
	show_drift(m, r, tag, out);
	if (out->lock.drifted && v->who == VISIT_CLIENT)
		count_held(r);
	return ANSWER_READY;
}
