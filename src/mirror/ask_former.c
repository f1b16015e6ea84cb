/*
 * ask_former.c - no state of its own; what has been found to be in order is noted in
 * tagstates, so that it is looked for once.
 */
#include "mirror/ask_former.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "mirror/former.h"
#include "mirror/manifest_here.h"
#include "mirror/mirror_impl.h"
#include "mirror/trial.h"
#include "upstream/may.h"

/* For so long what leads to something that is not whole is taken at its upstream's word.
 */
#define BELIEVED_MS 5000

static bool find(struct mirror *m, const struct route *r, const char *tag,
		 const struct tagstate *s, const struct platform *wanted,
		 struct digest *out)
{
	if (tagstate_is_settled(m->fetch.tags, &r->name, tag, &s->digest, wanted))
		return false;
	if (former_find(m->store, &r->name, tag, &s->digest, wanted, out))
		return true;
	tagstate_settle(m->fetch.tags, &r->name, tag, &s->digest, wanted);
	return false;
}

bool ask_former_is_doubtful(struct mirror *m, const struct route *r, const char *tag,
			    const struct tagstate *s, const struct platform *wanted,
			    int64_t since_ms)
{
	int64_t age_ms = clock_wall_ms() - s->checked_wall_ms;
	struct digest former;

	return s->checked_mono_ms < since_ms &&
	       (age_ms >= BELIEVED_MS || age_ms <= -BELIEVED_MS) &&
	       find(m, r, tag, s, wanted, &former);
}

static enum answer give(struct mirror *m, const struct route *r, const struct digest *d,
			struct visit *v, struct found_manifest *out)
{
	struct stored *former = manifest_here(m, r, d, NULL);

	if (former == NULL)
		return ANSWER_READY;
	stored_unref(out->m);
	out->m = former;
	out->stale = true;
	v->outcome = OUTCOME_STALE;
	return ANSWER_READY;
}

static void run_trial(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct fetch_how how = { .deadline_ms = task_started_ms(t) + VISIT_DEADLINE_MS,
				 .want = visit_get(w) };
	int rc = trial_platform(w->m, &w->route, &w->digest, &w->wanted, &how, &out->err);

	if (rc != 0)
		log_event(LOG_WARN, "tag.held", LS("repository", w->route.name.s),
			  LS("tag", w->tag), LS("error", out->err.msg));
	visit_work_over(out, w, rc);
}

/* READY: as far as was tried, what the tag leads to now can be had. A disk that does not
 * keep what came would have it tried for ever: this visit's own task is not begun anew.
 */
static enum answer try_it(struct mirror *m, const struct route *r, const char *tag,
			  const struct tagstate *state, struct visit *v)
{
	const struct task_result *result;
	char key[sizeof(visit_key) + 100], platform[100];
	visit_key at;
	struct work *w;
	struct err e;

	visit_digest_key(at, visit_kind('p', v), r, &state->digest);
	platform_text(&v->wanted, platform);
	snprintf(key, sizeof(key), "%s %s", at, platform);
	if (v->task == NULL || v->flight || strcmp(task_key(v->task), key) != 0) {
		w = visit_work(m, r, v);
		w->digest = state->digest;
		w->cached = true;
		w->want = visit_get(w);
		snprintf(w->tag, sizeof(w->tag), "%s", tag);
		if (visit_check(v, key, run_trial, w, &e) == NULL)
			return ANSWER_FAILED;
	}
	return visit_look(v, &result, &e);
}

enum answer ask_former(struct mirror *m, const struct route *r, const char *tag,
		       const struct tagstate *state, struct visit *v,
		       struct found_manifest *out)
{
	enum answer answer;
	struct digest d;

	if (v->must_check)
		return ANSWER_READY;
	/* What was in order may have been lost since. */
	if (out->stale || !upstream_can_give(r->site->up, &r->remote))
		return former_find(m->store, &r->name, tag, &state->digest, &v->wanted,
				   &d)
			       ? give(m, r, &d, v, out)
			       : ANSWER_READY;
	if (!find(m, r, tag, state, &v->wanted, &d) ||
	    !trial_is_due(m, r, &state->digest, &v->wanted))
		return ANSWER_READY;
	answer = try_it(m, r, tag, state, v);
	if (answer == ANSWER_FAILED || (answer == ANSWER_WAIT && visit_impatient(v, r)))
		return give(m, r, &d, v, out);
	if (answer == ANSWER_WAIT) {
		stored_unref(out->m);
		out->m = NULL;
	}
	return answer;
}
