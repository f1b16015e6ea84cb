/*
 * ask_referrers.c - lists of referrers, from upstream or from the store.
 */
#include "mirror/ask_referrers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/mirror_impl.h"
#include "oci/referrer.h"
#include "store/mstore.h"
#include "store/referrers.h"
#include "upstream/retry.h"

static void free_list(void *value)
{
	buf_done(value);
	free(value);
}

/* Clients' own list: a tag like others, fetched and kept as such. None: empty. */
static int from_tag(struct work *w, struct task *t, struct buf *out, struct err *e)
{
	const struct fetch *x = &w->m->fetch;
	struct fetch_how how = { .deadline_ms = task_started_ms(t) + VISIT_DEADLINE_MS,
				 .want = visit_get(w) };
	char tag[TAG_MAX_BYTES + 1];
	struct tagstate state;
	struct stored *list;
	int rc;

	referrer_tag(&w->digest, tag);
	rc = fetch_tag(x, &w->route, tag, &how, NULL, e);
	if (rc != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (!tagstate_get(x->tags, &w->route.name, tag, &state) ||
	    mstore_get(x->store, &w->route.name, &state.digest, &list, e) != 0)
		return 0; /* the disk is full: no list, rather than no answer */
	if (referrer_list((struct view){ list->body, list->n }, out, NULL) != 0)
		buf_clear(out); /* a tag of that name, but no list */
	stored_unref(list);
	return 0;
}

static int from_upstream(struct work *w, struct task *t, struct buf *out, struct err *e)
{
	int64_t deadline_ms = task_started_ms(t) + VISIT_DEADLINE_MS;
	struct retry again = RETRY_INIT(deadline_ms);
	int rc;

	do {
		buf_clear(out);
		rc = upstream_list_referrers(w->route.site->up, &w->route.remote,
					     &w->digest, deadline_ms, out, e);
	} while (rc != 0 && retry_again(&again, e));
	if (rc == 0 || e->kind != ERR_NOT_FOUND)
		return rc;
	buf_clear(out);
	return from_tag(w, t, out, e);
}

static bool is_fresh(const struct route *r, const struct digest *subject,
		     int64_t checked_ms)
{
	char tag[TAG_MAX_BYTES + 1];
	struct tag_policy policy;
	int64_t age_ms = clock_wall_ms() - checked_ms;

	referrer_tag(subject, tag);
	policy = route_tag_policy(r, tag);
	if (policy.rule != TAG_AGE)
		return policy.rule == TAG_PINNED;
	return age_ms < policy.age_ms && age_ms > -policy.age_ms;
}

static void run(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct buf *list = mem_alloc(sizeof(*list));
	int64_t checked_ms;
	struct err why;
	int rc;

	buf_init(list, ASK_REFERRERS_MAX_BYTES);
	out->value = list;
	out->value_free = free_list;
	/* Between a look at the store and this start, another's question may have ended.
	 */
	if (referrers_noted(w->m->store, &w->route.name, &w->digest, list, &checked_ms) &&
	    is_fresh(&w->route, &w->digest, checked_ms))
		return;
	rc = from_upstream(w, t, list, &out->err);
	if (rc == 0 && referrers_note(w->m->store, &w->route.name, &w->digest,
				      buf_view(list), clock_wall_ms(), &why) != 0)
		log_event(LOG_WARN, "referrers.not_stored",
			  LS("repository", w->route.name.s), LS("error", why.msg));
	visit_work_over(out, w, rc);
}

static struct task *start(struct mirror *m, const struct route *r,
			  const struct digest *subject, bool cached, struct visit *v,
			  struct err *e)
{
	struct work *w = visit_work(m, r, v);
	visit_key key;

	w->digest = *subject;
	w->cached = cached;
	w->want = cached ? UPSTREAM_WANT_CHECK : UPSTREAM_WANT_LIST;
	visit_digest_key(key, 'r', r, subject);
	return visit_check(v, key, run, w, e);
}

enum answer ask_referrers(struct mirror *m, const struct route *r,
			  const struct digest *subject, struct visit *v, struct buf *out,
			  int64_t *stale_s, struct err *e)
{
	const struct task_result *result;
	int64_t checked_ms = 0;
	enum answer answer;
	struct buf *list;
	bool cached;

	*stale_s = -1;
	cached = referrers_noted(m->store, &r->name, subject, out, &checked_ms);
	if (cached && is_fresh(r, subject, checked_ms))
		return ANSWER_READY;
	/* What this visit has waited for is its answer, though others may not find it. */
	if ((v->task == NULL || task_result(v->task) == NULL) &&
	    start(m, r, subject, cached, v, e) == NULL)
		answer = ANSWER_FAILED;
	else
		answer = visit_look(v, &result, e);
	if (answer == ANSWER_READY) {
		list = result->value;
		buf_clear(out);
		if (buf_add(out, buf_str(list), list->n) == 0)
			return ANSWER_READY;
		err_set(e, ERR_LIMIT, "the list of referrers is too long");
		return ANSWER_FAILED;
	}
	if (!cached || (answer == ANSWER_WAIT && !visit_impatient(v, r))) {
		buf_clear(out);
		return answer;
	}
	*stale_s = (clock_wall_ms() - checked_ms) / 1000;
	v->outcome = OUTCOME_STALE;
	return ANSWER_READY;
}
