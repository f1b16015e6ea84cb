/*
 * gate_cases.c - QUEUED -> RUNNING <-> WAITING (for a bell of the mirror's) -> over.
 *
 * cs->mu guards the tables and what is said to guard; it is taken before the lanes' lock.
 * A case belongs to one thread at a time: to its lane while it is queued, to the worker
 * that runs it, to the bell while it waits. The table holds no reference: the work does,
 * until the case is over.
 */
#include "trust/gate_cases.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/lanes.h"
#include "base/lowly.h"
#include "base/map.h"
#include "base/mem.h"

#define ALL_LANES 8192 /* names of lanes, and cases in all */

struct lane {
	size_t n, bytes; /* cases, and what they hold; guarded by mu */
	char name[256 + 16];
};

struct gate_cases {
	struct gate_known *known;
	struct lanes *lanes;
	atomic_bool stopping;
	pthread_mutex_t mu;
	pthread_cond_t none;
	struct map *by_key;  /* guarded by mu: those under way */
	struct map *by_lane; /* guarded by mu: of struct lane, those with cases */
};

struct gate_case {
	atomic_int refs;
	atomic_bool done;
	struct gate_cases *home;
	struct lane *lane;
	gate_known_text key;
	struct gate_look *look;
	size_t bytes; /* guarded by mu */
	struct waiter waiter;
	int64_t queued_ms;
	int64_t waited_ms; /* for a thread, in all */
	struct gate_result result;
	struct bell bell;
};

static unsigned threads(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 2 ? 1 : (unsigned)n / 2;
}

struct gate_cases *gate_cases_new(struct gate_known *known)
{
	struct gate_cases *cs = mem_alloc(sizeof(*cs));

	cs->known = known;
	cs->lanes = lanes_new("judge", threads(), GATE_CASES_MAX);
	atomic_init(&cs->stopping, false);
	pthread_mutex_init(&cs->mu, NULL);
	pthread_cond_init(&cs->none, NULL);
	cs->by_key = map_new(ALL_LANES);
	cs->by_lane = map_new(ALL_LANES);
	return cs;
}

void gate_cases_cancel(struct gate_cases *cs)
{
	atomic_store(&cs->stopping, true);
}

void gate_cases_free(struct gate_cases *cs)
{
	if (cs == NULL)
		return;
	gate_cases_cancel(cs);
	pthread_mutex_lock(&cs->mu);
	while (map_count(cs->by_key) > 0)
		pthread_cond_wait(&cs->none, &cs->mu);
	pthread_mutex_unlock(&cs->mu);
	lanes_stop(cs->lanes);
	map_free(cs->by_key, NULL);
	map_free(cs->by_lane, free);
	pthread_cond_destroy(&cs->none);
	pthread_mutex_destroy(&cs->mu);
	free(cs);
}

void gate_case_unref(struct gate_case *c)
{
	if (c == NULL || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	gate_look_free(c->look);
	bell_done(&c->bell);
	free(c);
}

struct bell *gate_case_bell(struct gate_case *c)
{
	return &c->bell;
}

const struct gate_result *gate_case_result(struct gate_case *c)
{
	return atomic_load(&c->done) ? &c->result : NULL;
}

/* --- one case's way ------------------------------------------------------------- */

/* With the lock held. */
static void leave(struct gate_cases *cs, struct gate_case *c)
{
	map_del(cs->by_key, c->key);
	c->lane->bytes -= c->bytes;
	if (--c->lane->n == 0) {
		map_del(cs->by_lane, c->lane->name);
		free(c->lane);
	}
	if (map_count(cs->by_key) == 0)
		pthread_cond_broadcast(&cs->none);
}

/* What is found is known before the case is no more: nobody begins it anew. After the
 * lock is given back the house may be gone. */
static void finish(struct gate_case *c, enum answer answer, const struct err *e)
{
	struct gate_cases *cs = c->home;

	gate_look_remember(c->look, cs->known, answer, e);
	gate_look_free(TAKE(c->look));
	c->result.answer = answer;
	if (answer != ANSWER_READY)
		c->result.err = *e;
	atomic_store(&c->done, true);
	pthread_mutex_lock(&cs->mu);
	leave(cs, c);
	pthread_mutex_unlock(&cs->mu);
	bell_ring(&c->bell);
	gate_case_unref(c);
}

/* It was not the image that took the time. */
static void say_busy(struct err *e)
{
	err_set(e, ERR_BUSY,
		"too many images wait for their signatures to be looked at; try again");
}

/* With the lock held. */
static bool is_full(const struct lane *lane)
{
	return lane->n > GATE_CASES_MAX ||
	       (lane->n > 1 && lane->bytes > GATE_CASES_BYTES);
}

/* True: its lane holds too much, now that more of it has come. */
static bool holds_too_much(struct gate_case *c)
{
	size_t n = gate_look_bytes(c->look);
	bool full;

	pthread_mutex_lock(&c->home->mu);
	c->lane->bytes += n - c->bytes;
	full = n > c->bytes && is_full(c->lane);
	c->bytes = n;
	pthread_mutex_unlock(&c->home->mu);
	return full;
}

static void run(void *arg)
{
	struct gate_case *c = arg;
	enum answer answer;
	struct bell *bell;
	uint64_t seen;
	struct err e;

	lowly_after();
	(void)fault("gate.look"); /* it may pause here */
	c->waited_ms += clock_passed_ms() - c->queued_ms;
	if (c->waited_ms >= GATE_PATIENCE_MS / 2 && gate_look_late(c->look, &e)) {
		say_busy(&e);
		finish(c, ANSWER_FAILED, &e);
		return;
	}
	do {
		answer = gate_look_go(c->look, &e);
		if (answer == ANSWER_WAIT && holds_too_much(c)) {
			say_busy(&e);
			answer = ANSWER_FAILED;
		}
		if (answer != ANSWER_WAIT) {
			finish(c, answer, &e);
			return;
		}
		bell = gate_look_bell(c->look, &seen);
	} while (!bell_wait(bell, seen, &c->waiter));
}

static int submit(struct gate_case *c, struct err *e)
{
	c->queued_ms = clock_passed_ms();
	return lanes_submit(c->home->lanes, c->lane->name, run, c, e);
}

static void wake(void *arg)
{
	struct gate_case *c = arg;
	struct err e;

	if (submit(c, &e) != 0)
		finish(c, ANSWER_FAILED, &e);
}

/* --- whose it is ---------------------------------------------------------------- */

static void lane_name(const struct route *r, char *out, size_t n)
{
	const char *name = r->site != NULL ? r->remote.s : r->name.s;
	size_t length = strcspn(name, "/"), i;
	unsigned sum = 0;

	for (i = 0; i < length; i++)
		sum = sum * 31 + (unsigned char)name[i];
	snprintf(out, n, "%s/%u", r->site != NULL ? r->site->host : "",
		 sum % GATE_CASES_LANES);
}

/* With the lock held; NULL: no more lanes. */
static struct lane *lane_of(struct gate_cases *cs, const struct route *r)
{
	char name[sizeof(((struct lane *)0)->name)];
	struct lane *lane;

	lane_name(r, name, sizeof(name));
	lane = map_get(cs->by_lane, name);
	if (lane != NULL)
		return lane;
	lane = mem_alloc(sizeof(*lane));
	memcpy(lane->name, name, sizeof(name));
	if (map_put(cs->by_lane, name, lane) == 0)
		return lane;
	free(lane);
	return NULL;
}

/* With the lock held. The work's reference is the only one. */
static struct gate_case *begin(struct gate_cases *cs, const struct gate_question *q,
			       const char *key, struct err *e)
{
	struct gate_case *c;
	struct lane *lane;

	if (atomic_load(&cs->stopping)) {
		err_set(e, ERR_CANCELLED, "larder is stopping");
		return NULL;
	}
	lane = map_count(cs->by_key) < ALL_LANES ? lane_of(cs, q->route) : NULL;
	if (lane == NULL) {
		say_busy(e);
		return NULL;
	}
	lane->n++;
	lane->bytes += q->m->n;
	if (is_full(lane)) {
		lane->n--;
		lane->bytes -= q->m->n;
		say_busy(e);
		return NULL;
	}
	c = mem_alloc(sizeof(*c));
	atomic_init(&c->refs, 1);
	atomic_init(&c->done, false);
	c->home = cs;
	c->lane = lane;
	c->bytes = q->m->n;
	snprintf(c->key, sizeof(c->key), "%s", key);
	c->look = gate_look_new(q, &cs->stopping);
	c->waiter = (struct waiter){ .wake = wake, .arg = c };
	bell_init(&c->bell);
	map_put(cs->by_key, key, c);
	if (submit(c, e) == 0)
		return c;
	leave(cs, c);
	gate_case_unref(c);
	return NULL;
}

struct gate_case *gate_cases_join(struct gate_cases *cs, const struct gate_question *q,
				  struct err *e)
{
	struct gate_known_key key = gate_look_key(q);
	struct gate_case *c;
	gate_known_text text;

	gate_known_key_text(text, &key);
	pthread_mutex_lock(&cs->mu);
	c = map_get(cs->by_key, text);
	if (c == NULL)
		c = begin(cs, q, text, e);
	if (c != NULL)
		atomic_fetch_add(&c->refs, 1);
	pthread_mutex_unlock(&cs->mu);
	return c;
}
