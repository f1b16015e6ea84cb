/*
 * evict.c - the thread, and when it begins and stops.
 *
 * How much of an image only it had is not known before: the first round takes as many as
 * would do if nothing were shared, the next ones go by what that came to. ev->mu guards
 * what is marked.
 */
#include "mirror/evict.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/evict_round.h"
#include "store/census.h"
#include "store/marks.h"
#include "store/partial.h"
#include "store/room.h"

#define LOOK_MS 60000	   /* the disk's size may change */
#define STILL_MS 100	   /* after a round that freed nothing, while somebody waits */
#define IDLE_MS 1000	   /* the same, while nobody does */
#define PARTIAL_MS 3600000 /* at rest for so long, a partial goes before any image */
#define STUCK_MS 3000	   /* before it looks again, where nothing may go */
#define WENT_BYTES (8u << 20)

struct evict {
	struct evict_ask ask;
	struct publishing *publishing;
	struct marks *went; /* the thread's; evict_round.h */
	metric_cell *images, *bytes, *low;
	pthread_t id;
	atomic_bool stopping;
	atomic_bool anew; /* settings have changed: what was stuck may not be */
	pthread_mutex_t mu;
	pthread_cond_t moved;
	bool pressed;		  /* guarded by mu */
	pthread_mutex_t marking;  /* held by who sets the marks */
	struct evict_marks marks; /* guarded by marking */
	/* the thread's own */
	bool said_stuck;
	int64_t stuck_until_ms; /* nothing was left that may go; monotonic */
	int64_t worked_since_ms, count_next_ms;
};

uint64_t evict_start_mark(const struct evict_marks *m)
{
	uint64_t mark = m->limit / 100 * 95;

	return mark > m->low ? mark : m->low + (m->limit - m->low) / 2;
}

static bool is_over(const struct evict *ev)
{
	return atomic_load(&ev->stopping);
}

/* Until it is pressed, or so long. */
static void wait_ms(struct evict *ev, int64_t ms, bool for_press)
{
	int64_t until_ms = clock_mono_ms() + ms;
	struct timespec ts = { .tv_sec = until_ms / 1000,
			       .tv_nsec = until_ms % 1000 * 1000000 };
	int rc = 0;

	pthread_mutex_lock(&ev->mu);
	while (rc == 0 && !is_over(ev) && !(for_press && ev->pressed))
		rc = pthread_cond_timedwait(&ev->moved, &ev->mu, &ts);
	if (for_press)
		ev->pressed = false;
	pthread_mutex_unlock(&ev->mu);
}

static void on_pressure(void *arg)
{
	struct evict *ev = arg;

	pthread_mutex_lock(&ev->mu);
	if (!ev->pressed)
		pthread_cond_signal(&ev->moved);
	ev->pressed = true;
	pthread_mutex_unlock(&ev->mu);
}

static struct evict_marks set_marks(struct evict *ev)
{
	struct store *s = ev->ask.store;
	struct evict_marks m;
	bool changed;

	pthread_mutex_lock(&ev->marking);
	m = ev->ask.marks(ev->ask.arg);
	changed = m.limit != ev->marks.limit || m.low != ev->marks.low;
	ev->marks = m;
	if (changed) {
		metrics_set(ev->low, (int64_t)m.low);
		room_set_limit(s, m.limit);
		room_on_pressure(s, evict_start_mark(&m), on_pressure, ev);
	}
	pthread_mutex_unlock(&ev->marking);
	return m;
}

/* How many bytes are to go. begun: some have. */
static uint64_t needed(struct evict *ev, const struct evict_marks *m, bool begun)
{
	struct store *s = ev->ask.store;
	uint64_t most = room_most(s), want = room_wanted(s) + room_expected(s);
	uint64_t now = room_used(s) + room_reserved(s), goal = m->low;

	if (want == 0 && !begun && now < evict_start_mark(m))
		return 0;
	if (want >= most) /* who waits for all of it gets it in turn */
		goal = m->low / 2;
	else if (most - want < goal)
		goal = most - want;
	return now > goal ? now - goal : 0;
}

static void say_done(struct evict *ev, const struct evict_round *r, int64_t began_ms)
{
	metrics_add(ev->images, (int64_t)r->images);
	metrics_add(ev->bytes, (int64_t)r->freed);
	if (r->images == 0 && r->freed == 0)
		return;
	ev->said_stuck = false;
	log_event(LOG_INFO, "evict.done", LU("images", r->images), LU("bytes", r->freed),
		  LU("used", room_used(ev->ask.store)),
		  LU("limit", room_limit(ev->ask.store)),
		  LU("took_ms", clock_mono_ms() - began_ms));
}

static void say_stuck(struct evict *ev, const struct evict_round *r)
{
	ev->stuck_until_ms = clock_mono_ms() + STUCK_MS;
	if (ev->said_stuck)
		return;
	ev->said_stuck = true;
	log_event(LOG_WARN, "evict.nothing_left", LU("used", room_used(ev->ask.store)),
		  LU("limit", room_limit(ev->ask.store)), LU("held_images", r->held),
		  LS("what",
		     "all that is here lives here, is pinned, locked or listed, or is "
		     "being pushed; what else is pulled passes through until "
		     "larder.size is larger or some of it has gone"));
}

/* What is to be weighed out for `need` bytes, after a round that took out some: by what
 * that came to, but never much more at once, since those that come next may share less.
 */
static uint64_t weigh_out(const struct evict_round *last, uint64_t need)
{
	uint64_t had = last->freed + last->young_bytes;
	double more;

	/* What was young goes with the next round; unless it is kept, as by an import. */
	if (last->images > 0 || last->freed > 0)
		need -= last->young_bytes < need ? last->young_bytes : need;
	if (last->weight == 0 || need == 0)
		return need;
	more = (double)need * (double)last->weight / (double)(had > 0 ? had : 1);
	if (more > 2.0 * (double)last->weight)
		more = 2.0 * (double)last->weight;
	return more > (double)need ? (uint64_t)more : need;
}

/* False: it makes no sense to go on now. */
static bool run_round(struct evict *ev, struct evict_round *r, uint64_t weight)
{
	int64_t began_ms = clock_mono_ms();
	struct err e;
	int rc;

	*r = (struct evict_round){ .ask = &ev->ask,
				   .publishing = ev->publishing,
				   .went = ev->went,
				   .stop = &ev->stopping };
	rc = evict_round_run(r, weight, &e);
	say_done(ev, r, began_ms);
	if (rc != 0 && e.kind != ERR_CANCELLED && !ev->said_stuck)
		log_event(LOG_ERROR, "evict.failed", LS("error", e.msg));
	if (rc != 0) {
		ev->said_stuck = true;
		ev->stuck_until_ms = clock_mono_ms() + IDLE_MS;
		return false;
	}
	if (weight == 0 || r->freed > 0 || r->images > 0 || r->later ||
	    room_reserved(ev->ask.store) > 0)
		return true;
	say_stuck(ev, r);
	return false;
}

/* Until there is room enough; false: not now. */
static bool relieve(struct evict *ev)
{
	struct evict_marks m = set_marks(ev);
	bool anew = atomic_exchange(&ev->anew, false);
	struct evict_round r = { 0 };
	bool begun = false;
	uint64_t need;

	if (anew)
		ev->stuck_until_ms = 0;
	room_reap(ev->ask.store);
	while (m.limit != 0 && !is_over(ev) && (need = needed(ev, &m, begun)) > 0) {
		if (!begun)
			partials_expire(ev->ask.store, PARTIAL_MS);
		begun = true;
		if (clock_mono_ms() < ev->stuck_until_ms ||
		    !run_round(ev, &r, r.busy ? 0 : weigh_out(&r, need))) {
			room_give_up(ev->ask.store);
			return false;
		}
		if (r.freed > 0 || r.images > 0)
			continue;
		if (room_wanted(ev->ask.store) == 0)
			return false;
		wait_ms(ev, STILL_MS, false);
		m = set_marks(ev);
	}
	return true;
}

/* At a pace that leaves the machine to others, but for those who wait for the result. */
static bool count_breathe(void *arg)
{
	struct evict *ev = arg;
	int64_t worked_ms = clock_mono_ms() - ev->worked_since_ms;

	if (worked_ms >= 2 && room_wanted(ev->ask.store) == 0) {
		wait_ms(ev, worked_ms * 3, false);
		ev->worked_since_ms = clock_mono_ms();
	}
	return !is_over(ev);
}

static void count(struct evict *ev)
{
	int64_t began_ms = clock_mono_ms();
	struct err e;

	ev->worked_since_ms = began_ms;
	ev->count_next_ms = began_ms + LOOK_MS; /* if it was not to be had now */
	if (census_run(ev->ask.store, count_breathe, ev, &e) == 0)
		log_event(LOG_DEBUG, "store.counted",
			  LU("bytes", room_used(ev->ask.store)),
			  LU("took_ms", clock_mono_ms() - began_ms));
	else if (e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "store.not_counted", LS("error", e.msg));
}

/* Pressed all the time, it does not look all the time; but for those who wait. */
static void rest(struct evict *ev)
{
	int64_t until_ms = clock_mono_ms() + IDLE_MS, now_ms;

	while ((now_ms = clock_mono_ms()) < until_ms && !is_over(ev) &&
	       room_wanted(ev->ask.store) == 0)
		wait_ms(ev, until_ms - now_ms, true);
}

static void *work(void *arg)
{
	struct evict *ev = arg;
	struct evict_marks m;
	bool eased = true;

	lowly_after();
	while (!is_over(ev)) {
		m = set_marks(ev);
		if (m.limit != 0 && room_known(ev->ask.store) != ROOM_COUNTED &&
		    clock_mono_ms() >= ev->count_next_ms)
			count(ev);
		eased = relieve(ev);
		room_expect_nothing(ev->ask.store);
		if (!eased)
			rest(ev);
		else
			wait_ms(ev, LOOK_MS, true);
	}
	return NULL;
}

static metric_cell *counter(const char *name, const char *help)
{
	return metrics_cell(metrics_family(METRIC_COUNTER, name, "", help), NULL, NULL,
			    NULL, NULL);
}

static void evict_free(struct evict *ev)
{
	publishing_free(ev->publishing);
	marks_free(ev->went);
	pthread_cond_destroy(&ev->moved);
	pthread_mutex_destroy(&ev->marking);
	pthread_mutex_destroy(&ev->mu);
	free(ev);
}

struct evict *evict_start(const struct evict_ask *ask)
{
	struct evict *ev = mem_alloc(sizeof(*ev));
	pthread_condattr_t attr;

	ev->ask = *ask;
	ev->publishing = publishing_new(ask->store);
	ev->went = marks_new(WENT_BYTES);
	ev->images = counter("larder_evicted_images_total",
			     "Images that went to keep the store within larder.size");
	ev->bytes = counter("larder_evicted_bytes_total",
			    "Bytes that went to keep the store within larder.size");
	ev->low = metrics_cell(
		metrics_family(METRIC_GAUGE, "larder_store_low_bytes", "",
			       "Down to where images go when larder.size is near"),
		NULL, NULL, NULL, NULL);
	pthread_mutex_init(&ev->mu, NULL);
	pthread_mutex_init(&ev->marking, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ev->moved, &attr);
	pthread_condattr_destroy(&attr);
	set_marks(ev);
	if (pthread_create(&ev->id, NULL, work, ev) == 0)
		return ev;
	log_event(LOG_ERROR, "evict.failed", LS("error", "no thread to be had"));
	room_on_pressure(ask->store, 0, NULL, NULL);
	evict_free(ev);
	return NULL;
}

void evict_look(struct evict *ev)
{
	if (ev == NULL)
		return;
	set_marks(ev);
	atomic_store(&ev->anew, true);
	on_pressure(ev);
}

void evict_stop(struct evict *ev)
{
	if (ev == NULL)
		return;
	room_on_pressure(ev->ask.store, 0, NULL, NULL);
	pthread_mutex_lock(&ev->mu);
	atomic_store(&ev->stopping, true);
	pthread_cond_signal(&ev->moved);
	pthread_mutex_unlock(&ev->mu);
	room_give_up(ev->ask.store);
	pthread_join(ev->id, NULL);
	evict_free(ev);
}
