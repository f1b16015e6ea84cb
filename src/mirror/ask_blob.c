/*
 * ask_blob.c - a blob, or only its size.
 */
#include "mirror/ask_blob.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/bound.h"
#include "mirror/flight.h"
#include "mirror/mirror_impl.h"
#include "mirror/suspect.h"
#include "mirror/throttle.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/partial.h"
#include "store/quarantine.h"

static void run_size(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	uint64_t size, *value;
	int rc = fetch_blob_size(&w->m->fetch, &w->route, &w->digest,
				 task_started_ms(t) + VISIT_DEADLINE_MS, &size,
				 &out->err);

	if (rc == 0) {
		value = mem_alloc(sizeof(*value));
		*value = size;
		out->value = value;
		out->value_free = free;
		out->linger_ms = 5000;
	}
	visit_work_over(out, w, rc);
}

/* Ask the upstream whether this repository has the blob, and its size. */
static enum answer ask_size(struct mirror *m, const struct route *r,
			    const struct digest *d, struct visit *v, int64_t *size,
			    struct err *e)
{
	struct work *w = visit_work(m, r, v);
	const struct task_result *result;
	enum answer answer;
	bool started;
	visit_key key;

	w->digest = *d;
	w->want = UPSTREAM_WANT_BLOB;
	visit_digest_key(key, 's', r, d);
	if (visit_join(v, key, run_size, w, &started, e) == NULL)
		return ANSWER_FAILED;
	answer = visit_look(v, &result, e);
	if (answer == ANSWER_READY)
		*size = *(int64_t *)result->value;
	return answer;
}

/* The file is to blame, as far as anybody can tell: it is as if it was not there. */
static bool cannot_open(struct mirror *m, const struct digest *d, struct err *e)
{
	return quarantine_is_due(e) && quarantine_put(m->store, d, -1, NULL) >= 0;
}

static enum answer open_stored(struct mirror *m, const struct route *r,
			       const struct digest *d, bool want_body, struct visit *v,
			       struct found_blob *out, struct err *e)
{
	enum answer answer = ANSWER_FAILED;
	bool again;
	uint64_t size;

	out->fd = blob_open(m->store, d, &size, e);
	if (out->fd < 0 && quarantine_is_due(e)) /* or only for a moment */
		out->fd = blob_open(m->store, d, &size, e);
	if (out->fd < 0) {
		again = cannot_open(m, d, e);
	} else {
		answer = suspect_check(m, r, d, want_body ? out->fd : -1, size, v, &again,
				       e);
		out->size = (int64_t)size;
	}
	if (!want_body || again || answer != ANSWER_READY)
		mem_closep(&out->fd);
	if (!again)
		return answer;
	return visit_again(v, e) == ANSWER_WAIT ? ask_blob(m, r, d, want_body, v, out, e)
						: ANSWER_FAILED;
}

/* A client would leave unanswered soon, and would not know why. */
static bool is_late(const struct visit *v, struct task *t, enum flight_look look)
{
	int64_t now_ms = clock_mono_ms();

	if (v->who != VISIT_CLIENT || (look != FLIGHT_WAIT && look != FLIGHT_MISSED))
		return false;
	return now_ms >= v->since_ms + VISIT_DEADLINE_MS ||
	       (look == FLIGHT_WAIT && now_ms >= task_started_ms(t) + VISIT_DEADLINE_MS);
}

static enum answer too_late(const struct route *r, const struct digest *d, struct task *t,
			    struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (flight_has_begun(t))
		err_set(e, ERR_UPSTREAM,
			"%s: blob %s: nothing of it that could be given out has come in "
			"%d s; it is still being fetched, try again",
			r->site->host, text, VISIT_DEADLINE_MS / 1000);
	else
		err_set(e, ERR_BUSY,
			"%s: blob %s: too many downloads go before it; try again, or "
			"raise larder.flights",
			r->site->host, text);
	task_unref(t);
	return ANSWER_FAILED;
}

/* Takes over the reference to the flight. */
static enum answer watch(const struct route *r, const struct digest *d, struct task *t,
			 bool started, bool want_body, struct visit *v,
			 struct found_blob *out, struct err *e)
{
	uint64_t seen = bell_count(task_bell(t));
	enum flight_look look = flight_look(t, &out->size, e);

	if (v->outcome == OUTCOME_HIT)
		v->outcome = started ? OUTCOME_MISS : OUTCOME_JOINED;
	if (look == FLIGHT_GO && want_body) {
		out->flight = t;
		return ANSWER_READY;
	}
	if (look == FLIGHT_FAILED || (look == FLIGHT_GO && out->size >= 0)) {
		task_unref(t);
		return look == FLIGHT_FAILED ? ANSWER_FAILED : ANSWER_READY;
	}
	if (is_late(v, t, look))
		return too_late(r, d, t, e);
	task_unref(v->task);
	v->task = t;
	v->flight = true;
	v->bell = task_bell(t);
	v->seen = seen;
	return look == FLIGHT_STORED ? visit_again(v, e) : ANSWER_WAIT;
}

/* The flight this visit waited for, if all is in it: where the disk is full, nowhere
 * else. */
static struct task *waited_for(struct visit *v)
{
	struct err why;
	int64_t size;

	if (!v->flight || flight_look(v->task, &size, &why) != FLIGHT_GO)
		return NULL;
	return task_ref(v->task);
}

/* All of its bytes may have come before a restart: then nobody need be asked. */
static bool may_be_whole(struct mirror *m, const struct digest *d, uint64_t most)
{
	uint64_t bytes = partial_bytes(m->store, d);

	return bytes > 0 && (bytes >= most || most == FLIGHT_MAX_BYTES);
}

static struct task *start_flight(struct mirror *m, const struct route *r,
				 const struct digest *d, bool *started, struct err *e)
{
	uint64_t most = bound_of(m->store, m->fetch.sizes, &r->name, d, FLIGHT_MAX_BYTES);

	if (!may_be_whole(m, d, most) &&
	    throttle_may(r, UPSTREAM_WANT_BLOB, false, e) != 0)
		return NULL;
	return flights_start(m->flights, r, d, most, started, e);
}

static enum answer mirrored_blob(struct mirror *m, const struct route *r,
				 const struct digest *d, bool want_body, struct visit *v,
				 struct found_blob *out, struct err *e)
{
	bool mine = link_exists(m->store, LINK_LAYER, &r->name, d), started = false;
	struct task *t = flights_find(m->flights, r, d);
	enum answer answer;

	if (!mine && t != NULL)
		mine = strcmp(flight_name(t)->s, r->name.s) == 0;
	if (!mine && (t != NULL || !want_body || blob_exists(m->store, d, NULL))) {
		answer = ask_size(m, r, d, v, &out->size, e);
		if (answer != ANSWER_READY || !want_body) {
			task_unref(t);
			return answer;
		}
	}
	/* Between the look and the opening it may have been evicted. */
	if (t == NULL && blob_exists(m->store, d, NULL)) {
		answer = open_stored(m, r, d, want_body, v, out, e);
		if (answer != ANSWER_FAILED || e->kind != ERR_NOT_FOUND)
			return answer;
	}
	if (t == NULL && !want_body)
		return ask_size(m, r, d, v, &out->size, e);
	if (t == NULL)
		t = waited_for(v);
	if (t == NULL)
		t = start_flight(m, r, d, &started, e);
	return t != NULL ? watch(r, d, t, started, want_body, v, out, e) : ANSWER_FAILED;
}

enum answer ask_blob(struct mirror *m, const struct route *r, const struct digest *d,
		     bool want_body, struct visit *v, struct found_blob *out,
		     struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	*out = (struct found_blob){ .fd = -1, .size = -1 };
	if (r->site != NULL)
		return mirrored_blob(m, r, d, want_body, v, out, e);
	/* Who only asks whether it is here is going to push what names it. */
	if (want_body ? link_exists(m->store, LINK_LAYER, &r->name, d) &&
				blob_exists(m->store, d, NULL)
		      : keep_link(m->store, &r->name, d))
		return open_stored(m, r, d, want_body, v, out, e);
	digest_text(d, text);
	if (quarantine_has(m->store, d))
		err_set(e, ERR_NOT_FOUND,
			"blob %s of %s was found to be damaged, and is not served; push "
			"it "
			"again",
			text, r->name.s);
	else
		err_set(e, ERR_NOT_FOUND, "blob %s is not in %s", text, r->name.s);
	return ANSWER_FAILED;
}
