/*
 * ask_manifest.c - a manifest by digest or by tag.
 */
#include "mirror/ask_manifest.h"

#include <stdio.h>

#include "base/clock.h"
#include "mirror/ask_former.h"
#include "mirror/ask_locked.h"
#include "mirror/manifest_here.h"
#include "mirror/mirror_impl.h"
#include "mirror/trial.h"
#include "store/blob.h"
#include "store/mstore.h"
#include "store/tag.h"
#include "upstream/may.h"

static void run_manifest(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct fetch_how how = { .deadline_ms = task_started_ms(t) + VISIT_DEADLINE_MS,
				 .want = visit_get(w) };
	struct stored *got = NULL;
	bool unsaved;
	int rc;

	rc = fetch_manifest(&w->m->fetch, &w->route, &w->digest, &how, &got, &unsaved,
			    &out->err);
	if (rc == 0)
		stored_unref(got);
	visit_work_over(out, w, rc);
}

static enum answer by_digest(struct mirror *m, const struct route *r,
			     const struct digest *d, struct visit *v,
			     struct found_manifest *out, struct err *e)
{
	const struct task_result *result;
	enum answer answer;
	struct work *w;
	bool started;
	visit_key key;

	out->m = manifest_here(m, r, d, e);
	if (out->m != NULL)
		return ANSWER_READY;
	if (r->site == NULL)
		return ANSWER_FAILED;
	w = visit_work(m, r, v);
	w->digest = *d;
	/* Another repository's copy costs a question that is free. */
	w->want = blob_exists(m->store, d, NULL) ? UPSTREAM_WANT_LIST : visit_get(w);
	visit_digest_key(key, visit_kind('m', v), r, d);
	if (visit_join(v, key, run_manifest, w, &started, e) == NULL)
		return ANSWER_FAILED;
	answer = visit_look(v, &result, e);
	if (answer != ANSWER_READY)
		return answer;
	out->m = manifest_here(m, r, d, e);
	return out->m != NULL ? ANSWER_READY : visit_again(v, e);
}

/* The cached answer to a tag request, or NULL. */
static struct stored *cached_tag(struct mirror *m, const struct route *r, const char *tag,
				 struct tagstate *s, struct found_manifest *out)
{
	int64_t age_ms;

	if (!tagstate_get(m->fetch.tags, &r->name, tag, s))
		return NULL;
	age_ms = clock_wall_ms() - s->checked_wall_ms;
	out->age_s = s->checked_wall_ms != 0 && age_ms > 0 ? age_ms / 1000 : 0;
	return manifest_here(m, r, &s->digest, NULL);
}

static bool is_fresh(struct mirror *m, const struct route *r, const char *tag,
		     const struct tagstate *s, const struct platform *wanted,
		     int64_t since_ms, bool must_check)
{
	struct tag_policy policy = route_tag_policy(r, tag);

	return tagstate_is_fresh(s, policy, since_ms, must_check) &&
	       (policy.rule == TAG_PINNED ||
		!ask_former_is_doubtful(m, r, tag, s, wanted, since_ms));
}

/* Between a look at the store and the start of a check, another's check may have ended.
 */
static bool checked_meanwhile(const struct work *w)
{
	struct found_manifest found;
	struct tagstate state;
	struct stored *got = cached_tag(w->m, &w->route, w->tag, &state, &found);
	bool yes = got != NULL && is_fresh(w->m, &w->route, w->tag, &state, &w->wanted,
					   w->since_ms, w->must_check);

	stored_unref(got);
	return yes;
}

static int try_moved(const struct fetch_how *how, const struct digest *had,
		     const struct digest *now, struct err *e)
{
	const struct work *w = how->arg;

	return trial_run(w->m, &w->route, had, now, &w->wanted, how, e);
}

static void run_check(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct fetch_how how = { .deadline_ms = task_started_ms(t) + VISIT_DEADLINE_MS,
				 .want = visit_get(w),
				 .trial = try_moved,
				 .arg = w };

	if (checked_meanwhile(w))
		return;
	visit_work_over(out, w,
			fetch_tag(&w->m->fetch, &w->route, w->tag, &how, task_bell(t),
				  &out->err));
}

static struct task *start_check(struct mirror *m, const struct route *r, const char *tag,
				bool cached, struct visit *v, struct err *e)
{
	struct work *w = visit_work(m, r, v);
	visit_key key;

	w->cached = cached;
	/* With nobody waiting, too, it is a question that is free which comes first; it
	 * shows when a quota is back. */
	w->want = cached || v->who == VISIT_BACKGROUND ? UPSTREAM_WANT_CHECK
						       : UPSTREAM_WANT_PULL;
	snprintf(w->tag, sizeof(w->tag), "%s", tag);
	snprintf(key, sizeof(key), "%c %s:%s", visit_kind('t', v), r->name.s, tag);
	return visit_check(v, key, run_check, w, e);
}

static enum answer ready_stale(struct visit *v, struct found_manifest *out)
{
	out->stale = true;
	v->outcome = OUTCOME_STALE;
	return ANSWER_READY;
}

static enum answer from_tag(struct mirror *m, const struct route *r, const char *tag,
			    struct visit *v, struct tagstate *state,
			    struct found_manifest *out, struct err *e)
{
	const struct task_result *result;
	enum answer answer;
	struct task *t;

	out->m = cached_tag(m, r, tag, state, out);
	if (out->m != NULL &&
	    is_fresh(m, r, tag, state, &v->wanted, v->since_ms, v->must_check))
		return ANSWER_READY;
	t = start_check(m, r, tag, out->m != NULL, v, e);
	if (t == NULL)
		return out->m != NULL ? ready_stale(v, out) : ANSWER_FAILED;
	answer = visit_look(v, &result, e);
	if (out->m == NULL)
		return answer == ANSWER_READY ? visit_again(v, e) : answer;
	if (answer == ANSWER_FAILED) {
		out->gone = e->kind == ERR_NOT_FOUND;
		return ready_stale(v, out);
	}
	if (answer == ANSWER_WAIT && !v->must_check && visit_impatient(v, r))
		return ready_stale(v, out);
	stored_unref(out->m);
	out->m = NULL;
	if (answer == ANSWER_READY)
		return visit_again(v, e); /* look again: the tag has just been checked */
	return ANSWER_WAIT;
}

static enum answer by_mirrored_tag(struct mirror *m, const struct route *r,
				   const char *tag, struct visit *v,
				   struct found_manifest *out, struct err *e)
{
	struct tagstate state;
	enum answer answer = from_tag(m, r, tag, v, &state, out, e);

	return answer == ANSWER_READY ? ask_former(m, r, tag, &state, v, out) : answer;
}

static enum answer by_local_tag(struct mirror *m, const struct route *r, const char *tag,
				struct found_manifest *out, struct err *e)
{
	struct digest d;

	if (tag_get(m->store, &r->name, tag, &d, e) != 0) {
		if (e->kind == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "%s has no tag %s", r->name.s, tag);
		if (e->kind == ERR_CORRUPT)
			e->kind = ERR_NOT_FOUND;
		return ANSWER_FAILED;
	}
	out->m = manifest_here(m, r, &d, e);
	return out->m != NULL ? ANSWER_READY : ANSWER_FAILED;
}

enum answer ask_manifest(struct mirror *m, const struct route *r,
			 const struct reference *ref, struct visit *v,
			 struct found_manifest *out, struct err *e)
{
	*out = (struct found_manifest){ .age_s = -1 };
	if (ref->is_digest)
		return by_digest(m, r, &ref->digest, v, out, e);
	if (r->site == NULL)
		return by_local_tag(m, r, ref->tag, out, e);
	if (route_lock(r, ref->tag) != NULL)
		return ask_locked(m, r, ref->tag, v, out, e);
	return by_mirrored_tag(m, r, ref->tag, v, out, e);
}
