/*
 * visit.c - joining work, and what is made of its end.  No state of its own.
 */
#include "mirror/visit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/mirror_impl.h"
#include "mirror/throttle.h"

#define MAX_ROUNDS 16

const char *visit_outcome(enum outcome o)
{
	static const char *const words[] = { "hit", "miss", "joined", "stale" };

	return words[o];
}

void visit_done(struct visit *v)
{
	task_unref(v->task);
	v->task = NULL;
	v->bell = NULL;
}

struct work *visit_work(struct mirror *m, const struct route *r, const struct visit *v)
{
	struct work *w = mem_alloc(sizeof(*w));

	w->m = m;
	w->who = v->who;
	w->since_ms = v->since_ms;
	w->must_check = v->must_check;
	w->wanted = v->wanted;
	route_copy(&w->route, r);
	return w;
}

static void work_free(void *arg)
{
	struct work *w = arg;

	route_done(&w->route);
	free(w);
}

char visit_kind(char kind, const struct visit *v)
{
	return v->who == VISIT_BACKGROUND ? (char)toupper(kind) : kind;
}

enum upstream_want visit_get(const struct work *w)
{
	bool refresh = w->who == VISIT_BACKGROUND ||
		       (w->cached && w->who == VISIT_CLIENT);

	return refresh ? UPSTREAM_WANT_REFRESH : UPSTREAM_WANT_PULL;
}

void visit_digest_key(visit_key key, char kind, const struct route *r,
		      const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	snprintf(key, sizeof(visit_key), "%c %s@%s", kind, r->name.s, text);
}

/* That an upstream is not to be asked is remembered by its ledger and its breakers, which
 * know better for how long. */
static void set_linger(struct task_result *out, const struct work *w)
{
	int64_t ms;

	switch (out->err.kind) {
	case ERR_NOT_FOUND:
	case ERR_DENIED:
		ms = w->route.plan->negative_ms;
		break;
	case ERR_BUSY:
		ms = w->cached && w->who == VISIT_CLIENT ? 5000 : 250;
		break;
	case ERR_CANCELLED:
		ms = 0;
		break;
	default:
		ms = w->cached ? 5000 : 1000;
	}
	out->linger_ms = ms < 60000 ? ms : 60000;
}

/* Clients often keep the reason from people (a HEAD has no body): here they find it. */
static void say_failure(const struct work *w, const struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	enum log_level level = e->kind == ERR_NOT_FOUND ? LOG_INFO : LOG_WARN;

	if (e->kind == ERR_CANCELLED)
		return;
	digest_text(&w->digest, text);
	log_event(level, "upstream.failed", LS("upstream", w->route.site->host),
		  LS("repository", w->route.name.s),
		  LS("reference", w->tag[0] != '\0' ? w->tag : text),
		  LS("cached", w->cached ? "yes" : "no"), LS("error", e->msg));
}

void visit_work_over(struct task_result *out, struct work *w, int rc)
{
	out->rc = rc;
	kept_due(w->m->kept);
	if (rc != 0) {
		set_linger(out, w);
		say_failure(w, &out->err);
	}
	if (rc == 0)
		atomic_store(&w->route.site->trouble, false);
	else if (out->err.kind == ERR_UPSTREAM && !out->err.lasting)
		atomic_store(&w->route.site->trouble, true);
}

/* What this visit waited for has, and is remembered no more: then for others, not for it.
 */
static bool has_failed(const struct visit *v, const char *key)
{
	const struct task_result *result =
		v->task != NULL && !v->flight && strcmp(task_key(v->task), key) == 0
			? task_result(v->task)
			: NULL;

	return result != NULL && result->rc != 0;
}

/* What runs, or has just failed, is looked for first, since one who joins it asks for
 * nothing. That it is looked for twice is no harm: the table's lock is not held while the
 * upstream's is. */
static struct task *find_or_start(const struct visit *v, const char *key, task_fn fn,
				  struct work *w, bool *started, struct err *e)
{
	struct tasks *ts = w->m->tasks;
	struct task *t = tasks_find(ts, key);

	*started = false;
	if (t == NULL && has_failed(v, key))
		t = task_ref(v->task);
	if (t == NULL && throttle_may(&w->route, w->want, w->who == VISIT_CLIENT, e) == 0)
		return tasks_start_in(ts, w->route.site->host, key, fn, w, work_free,
				      started, e);
	work_free(w);
	return t;
}

/* Takes over the reference. */
static struct task *hold(struct visit *v, struct task *t)
{
	task_unref(v->task);
	v->task = t;
	v->flight = false;
	v->bell = task_bell(t);
	v->seen = bell_count(v->bell);
	return t;
}

struct task *visit_join(struct visit *v, const char *key, task_fn fn, struct work *w,
			bool *started, struct err *e)
{
	struct task *t = find_or_start(v, key, fn, w, started, e);

	if (t == NULL)
		return NULL;
	if (v->outcome == OUTCOME_HIT)
		v->outcome = *started ? OUTCOME_MISS : OUTCOME_JOINED;
	return hold(v, t);
}

struct task *visit_join_here(struct visit *v, const char *lane, const char *key,
			     task_fn fn, struct work *w, struct err *e)
{
	bool started;
	struct task *t =
		tasks_start_in(w->m->tasks, lane, key, fn, w, work_free, &started, e);

	return t != NULL ? hold(v, t) : NULL;
}

static void ring_for(void *arg)
{
	struct task *t = arg;
	struct work *w = task_arg(t);

	if (task_result(t) == NULL) {
		atomic_store(&w->route.site->trouble, true);
		bell_ring(task_bell(t));
	}
	task_unref(t);
}

struct task *visit_check(struct visit *v, const char *key, task_fn fn, struct work *w,
			 struct err *e)
{
	struct mirror *m = w->m;
	int64_t patience_ms = w->route.plan->patience_ms;
	bool started, cached = w->cached;
	struct task *t = visit_join(v, key, fn, w, &started, e);

	if (t != NULL && started && cached) {
		task_ref(t);
		if (!alarms_set(m->alarms, task_started_ms(t) + patience_ms, ring_for, t))
			task_unref(t);
	}
	return t;
}

bool visit_impatient(const struct visit *v, const struct route *r)
{
	return atomic_load(&r->site->trouble) ||
	       clock_mono_ms() >= task_started_ms(v->task) + r->plan->patience_ms;
}

/* The count was noted before the result is looked at, so that no ring is missed. */
enum answer visit_look(struct visit *v, const struct task_result **result, struct err *e)
{
	*result = task_result(v->task);
	if (*result == NULL)
		return ANSWER_WAIT;
	if ((*result)->rc == 0)
		return ANSWER_READY;
	*e = (*result)->err;
	return ANSWER_FAILED;
}

enum answer visit_again(struct visit *v, struct err *e)
{
	v->seen = UINT64_MAX; /* no count is: waiting ends before it begins */
	if (++v->rounds <= MAX_ROUNDS)
		return ANSWER_WAIT;
	err_set(e, ERR_IO, "what was fetched cannot be found in the store");
	return ANSWER_FAILED;
}
