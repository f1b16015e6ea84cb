/*
 * evict.c - the thread, its rounds, and when to stop.
 *
 * A round lists the oldest images, takes some out and collects. How much of an image only
 * it had is not known before: the first round takes as many as would do if nothing were
 * shared, the next ones go by what that came to. ev->mu guards what is marked.
 */
#include "mirror/evict.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/lru.h"
#include "mirror/weight.h"
#include "store/census.h"
#include "store/collect.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/partial.h"
#include "store/room.h"

#define MAX_IMAGES 2048 /* of a round */
#define NICE 10
#define LOOK_MS 60000	   /* the disk's size may change */
#define STILL_MS 100	   /* after a round that freed nothing, while somebody waits */
#define IDLE_MS 1000	   /* the same, while nobody does */
#define PARTIAL_MS 3600000 /* at rest for so long, a partial goes before any image */
#define WORST_PART 0.02	   /* of what images weigh, that only they had */

struct evict {
	struct evict_ask ask;
	struct publishing *publishing;
	metric_cell *images, *bytes, *low;
	pthread_t id;
	atomic_bool stopping;
	pthread_mutex_t mu;
	pthread_cond_t moved;
	bool pressed;		  /* guarded by mu */
	struct evict_marks marks; /* guarded by mu */
	/* the thread's own */
	double part;	      /* of what images weighed, that was freed lately */
	uint64_t young_bytes; /* that will be free in a moment */
	bool said_stuck;
	int64_t worked_since_ms;
};

uint64_t evict_start_mark(const struct evict_marks *m)
{
	uint64_t mark = m->limit / 100 * 95;

	return mark > m->low ? mark : m->low + (m->limit - m->low) / 2;
}

/* --- one round --- */

struct round {
	struct evict *ev;
	struct plan *plan;
	struct lru *lru;
	struct usage_reader *usage;
	uint64_t images, weight, freed;
	uint64_t held; /* that may never go */
	bool later;    /* something may go in a moment */
	bool busy;     /* somebody else collects */
};

static bool is_over(const struct evict *ev)
{
	return atomic_load(&ev->stopping);
}

static int offer(void *arg, const struct retire_image *im, struct err *e)
{
	struct round *r = arg;

	if (im->hold == RETIRE_FREE)
		lru_offer(r->lru, im);
	else
		r->held++;
	return 0;
}

static int list_images(struct round *r, struct err *e)
{
	const struct evict_ask *ask = &r->ev->ask;
	struct retire_ask what = { .store = ask->store,
				   .plan = r->plan,
				   .stop = &r->ev->stopping,
				   .is_listed = ask->list_has };
	int rc;

	what.arg = ask->list_open(ask->arg, r->plan, e);
	if (what.arg == NULL)
		return -1;
	if (ask->usage != NULL)
		usage_flush(ask->usage);
	what.usage = usage_reader_open(ask->store);
	rc = retire_each(&what, offer, r, e);
	usage_reader_close(what.usage);
	ask->list_close(what.arg);
	return rc;
}

/* By tag or by digest, since it was listed. */
static bool is_used_since(struct round *r, const struct retire_image *im)
{
	char text[DIGEST_TEXT_MAX];

	if (im->tag[0] != '\0' &&
	    usage_reader_get(r->usage, &im->repository, im->tag).last_ms > im->used_ms)
		return true;
	if (!im->has_digest)
		return false;
	digest_text(&im->digest, text);
	return usage_reader_get(r->usage, &im->repository, text).last_ms > im->used_ms ||
	       link_time(r->ev->ask.store, LINK_REVISION, &im->repository, &im->digest) >
		       im->used_ms;
}

/* The oldest that weigh as much as is needed, moved to the front; how many. */
static size_t choose(struct round *r, struct retire_image *im, size_t n, uint64_t need)
{
	double enough = (double)need / r->ev->part;
	size_t i, chosen = 0;

	for (i = 0; i < n && (double)r->weight < enough && !is_over(r->ev); i++) {
		struct weight w = weight_of(r->ev->ask.mirror, &im[i]);

		if (w.coming) /* or waiting: then it is no hope for others that do */
			continue;
		r->weight += w.bytes;
		im[chosen++] = im[i];
	}
	return chosen;
}

static int by_repository(const void *a, const void *b)
{
	const struct retire_image *x = a, *y = b;

	return strcmp(x->repository.s, y->repository.s);
}

static int take_out(struct round *r, struct retire_image *im, size_t n, struct err *e)
{
	const struct evict_ask *ask = &r->ev->ask;
	size_t i, end, kept = 0;
	uint64_t manifests;

	if (ask->usage != NULL)
		usage_flush(ask->usage);
	r->usage = usage_reader_open(ask->store);
	for (i = 0; i < n; i++)
		if (!is_used_since(r, &im[i]))
			im[kept++] = im[i];
		else
			r->later = true;
	usage_reader_close(r->usage);
	if (kept > 0)
		qsort(im, kept, sizeof(*im), by_repository);
	for (i = 0; i < kept && !is_over(r->ev); i = end) {
		for (end = i + 1; end < kept && by_repository(&im[i], &im[end]) == 0;)
			end++;
		if (retire_images(ask->store, r->ev->publishing, &im[i], end - i, false,
				  NULL, NULL, &manifests, e) != 0)
			return -1;
		r->images += end - i;
	}
	return 0;
}

static bool is_local(void *arg, const struct reponame *name)
{
	const struct round *r = arg;

	return route_is_local(r->plan, name);
}

static bool breathe(void *arg)
{
	const struct round *r = arg;

	return !is_over(r->ev);
}

static int collect(struct round *r, struct err *e)
{
	const struct evict_ask *ask = &r->ev->ask;
	struct collect_ask c = { .store = ask->store,
				 .grace_ms = ask->grace_ms(ask->arg),
				 .keep_ms = KEEP_LEAST_MS,
				 .is_local = is_local,
				 .breathe = breathe,
				 .arg = r };
	struct collected out;
	int rc = collect_run(&c, &out, e);

	r->freed = out.removed_bytes;
	r->ev->young_bytes = out.young_bytes;
	r->busy = rc != 0 && e->kind == ERR_BUSY;
	r->later |= r->busy || out.young_bytes > 0;
	return r->busy ? 0 : rc;
}

/* What the images had that were taken out is free, or about to be. */
static void learn(struct evict *ev, const struct round *r)
{
	double part;

	if (r->weight == 0 || r->images == 0 || r->busy)
		return;
	part = (double)(r->freed + ev->young_bytes) / (double)r->weight;
	ev->part = part > 1 ? 1 : part < WORST_PART ? WORST_PART : part;
}

static int run_round(struct round *r, uint64_t need, struct err *e)
{
	struct evict *ev = r->ev;
	struct retire_image *im;
	uint64_t soon = ev->young_bytes;
	size_t n;
	int rc;

	r->plan = mirror_plan(ev->ask.mirror);
	r->lru = lru_new(MAX_IMAGES);
	rc = soon >= need ? 0 : list_images(r, e);
	if (rc == 0 && soon < need) {
		im = lru_sorted(r->lru, &n);
		n = choose(r, im, n, need - soon);
		rc = take_out(r, im, n, e);
		r->later |= lru_has_dropped(r->lru);
	}
	if (rc == 0)
		rc = collect(r, e);
	learn(ev, r);
	lru_free(r->lru);
	plan_unref(r->plan);
	return rc;
}

/* --- the thread --- */

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
	struct evict_marks m = ev->ask.marks(ev->ask.arg);
	struct store *s = ev->ask.store;
	bool changed;

	pthread_mutex_lock(&ev->mu);
	changed = m.limit != ev->marks.limit || m.low != ev->marks.low;
	ev->marks = m;
	pthread_mutex_unlock(&ev->mu);
	if (changed) {
		metrics_set(ev->low, (int64_t)m.low);
		room_set_limit(s, m.limit);
		room_on_pressure(s, evict_start_mark(&m), on_pressure, ev);
	}
	return m;
}

static uint64_t total(struct evict *ev)
{
	return room_used(ev->ask.store) + room_reserved(ev->ask.store);
}

/* How many bytes are to go. */
static uint64_t needed(struct evict *ev, const struct evict_marks *m)
{
	struct store *s = ev->ask.store;
	uint64_t most = room_most(s), want = room_wanted(s) + room_expected(s);
	uint64_t goal = want < most ? most - want : 0, now = total(ev);

	if (want == 0 && now < evict_start_mark(m))
		return 0;
	if (goal > m->low || goal == 0) /* who waits for all of it gets it in turn */
		goal = goal == 0 && want > 0 ? m->low / 2 : m->low;
	return now > goal ? now - goal : 0;
}

static void say_done(struct evict *ev, const struct round *r, int64_t began_ms)
{
	metrics_add(ev->images, (int64_t)r->images);
	metrics_add(ev->bytes, (int64_t)r->freed);
	if (r->images > 0 || r->freed > 0) {
		ev->said_stuck = false;
		log_event(LOG_INFO, "evict.done", LU("images", r->images),
			  LU("bytes", r->freed), LU("used", room_used(ev->ask.store)),
			  LU("limit", room_limit(ev->ask.store)),
			  LU("took_ms", clock_mono_ms() - began_ms));
	}
}

static void say_stuck(struct evict *ev, const struct round *r)
{
	if (ev->said_stuck)
		return;
	ev->said_stuck = true;
	log_event(LOG_WARN, "evict.nothing_left", LU("used", room_used(ev->ask.store)),
		  LU("limit", room_limit(ev->ask.store)), LU("held_images", r->held),
		  LS("what", "all that is here lives here, is pinned or listed, or is "
			     "being pushed; what else is pulled passes through until "
			     "larder.size is larger or some of it has gone"));
}

/* Until there is room enough; false: not now. */
static bool relieve(struct evict *ev)
{
	struct evict_marks m = set_marks(ev);
	uint64_t need;
	struct err e;

	room_reap(ev->ask.store);
	while (m.limit != 0 && !is_over(ev) && (need = needed(ev, &m)) > 0) {
		struct round r = { .ev = ev };
		int64_t began_ms = clock_mono_ms();
		int rc;

		partials_expire(ev->ask.store, PARTIAL_MS);
		rc = run_round(&r, need, &e);
		say_done(ev, &r, began_ms);
		if (rc != 0 && e.kind != ERR_CANCELLED)
			log_event(LOG_ERROR, "evict.failed", LS("error", e.msg));
		if (rc != 0) {
			room_give_up(ev->ask.store);
			return false;
		}
		if (r.freed > 0 || r.images > 0)
			continue;
		if (!r.later && room_reserved(ev->ask.store) == 0) {
			say_stuck(ev, &r);
			room_give_up(ev->ask.store);
			return false;
		}
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
	if (census_run(ev->ask.store, count_breathe, ev, &e) == 0)
		log_event(LOG_DEBUG, "store.counted",
			  LU("bytes", room_used(ev->ask.store)),
			  LU("took_ms", clock_mono_ms() - began_ms));
	else if (e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "store.not_counted", LS("error", e.msg));
}

static void *work(void *arg)
{
	struct evict *ev = arg;
	struct evict_marks m;
	bool eased = true;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	while (!is_over(ev)) {
		m = set_marks(ev);
		if (m.limit != 0 && room_known(ev->ask.store) != ROOM_COUNTED)
			count(ev);
		eased = relieve(ev);
		room_expect_nothing(ev->ask.store);
		/* Pressed all the time, it does not look all the time. */
		if (!eased && room_wanted(ev->ask.store) == 0)
			wait_ms(ev, IDLE_MS, false);
		wait_ms(ev, eased ? LOOK_MS : IDLE_MS, true);
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
	pthread_cond_destroy(&ev->moved);
	pthread_mutex_destroy(&ev->mu);
	free(ev);
}

struct evict *evict_start(const struct evict_ask *ask)
{
	struct evict *ev = mem_alloc(sizeof(*ev));
	pthread_condattr_t attr;

	ev->ask = *ask;
	ev->part = 1;
	ev->publishing = publishing_new(ask->store);
	ev->images = counter("larder_evicted_images_total",
			     "Images that went to keep the store within larder.size");
	ev->bytes = counter("larder_evicted_bytes_total",
			    "Bytes that went to keep the store within larder.size");
	ev->low = metrics_cell(
		metrics_family(METRIC_GAUGE, "larder_store_low_bytes", "",
			       "Down to where images go when larder.size is near"),
		NULL, NULL, NULL, NULL);
	pthread_mutex_init(&ev->mu, NULL);
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
