/*
 * flight.c - the table of flights, and what can be said of one.
 */
#include "mirror/flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/fill.h"
#include "mirror/flight_impl.h"
#include "mirror/visit.h"
#include "store/blob.h"

#define MAX_KNOWN 4096
#define LOOK_AFTER_MS 1000
#define MAX_QUEUED 1024 /* for each upstream */

static void flight_free(void *arg)
{
	struct flight *f = arg;

	if (f->open)
		space_close(&f->space);
	hash_free(f->hash);
	route_done(&f->route);
	pthread_cond_destroy(&f->moved);
	pthread_mutex_destroy(&f->mu);
	free(f);
}

static struct flight *flight_new(struct flights *fs, const struct route *r,
				 const struct digest *d)
{
	struct flight *f = mem_alloc(sizeof(*f));
	pthread_condattr_t attr;

	f->home = fs;
	f->alarms = fs->alarms;
	route_copy(&f->route, r);
	f->digest = *d;
	digest_text(d, f->text);
	f->size = -1;
	f->differs_at = UINT64_MAX;
	pthread_mutex_init(&f->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->moved, &attr);
	pthread_condattr_destroy(&attr);
	return f;
}

uint64_t flight_released(const struct flight *f)
{
	uint64_t end, most = f->size >= 0 ? (uint64_t)f->size : f->max_bytes;

	if (f->proved)
		return f->landed;
	if (f->first_byte_ms == 0)
		return 0; /* what was found on disk waits for the size of the whole */
	if (most <= FLIGHT_HOLD_BYTES &&
	    clock_mono_ms() - f->first_byte_ms < FLIGHT_HOLD_MS)
		return 0;
	if (f->size < 0)
		return f->landed > FLIGHT_TAIL_BYTES ? f->landed - FLIGHT_TAIL_BYTES : 0;
	end = f->size > FLIGHT_TAIL_BYTES ? (uint64_t)f->size - FLIGHT_TAIL_BYTES : 0;
	return f->landed < end ? f->landed : end;
}

static int64_t linger_ms(const struct flight *f, const struct err *e)
{
	switch (e->kind) {
	case ERR_NOT_FOUND:
	case ERR_DENIED:
		return f->route.plan->negative_ms;
	case ERR_BUSY: /* mirror/visit.c has why */
		return 250;
	case ERR_CORRUPT:
		return 2000;
	default:
		return 1000;
	}
}

static void flight_run(struct task *t, void *arg, struct task_result *out)
{
	struct flight *f = arg;

	f->task = t;
	atomic_store(&f->begun, true);
	/* Between a look at the store and this start, another flight may have ended. */
	f->stored_before = blob_exists(f->home->store, &f->digest, NULL);
	if (f->stored_before)
		return;
	metrics_add(f->home->running, 1);
	out->rc = fill_run(f, &out->err);
	if (out->rc != 0) {
		out->linger_ms = linger_ms(f, &out->err);
		log_event(LOG_WARN, "flight.failed", LS("digest", f->text),
			  LS("upstream", f->route.site->host),
			  LS("repository", f->route.name.s),
			  LU("landed_bytes", f->landed), LS("error", out->err.msg));
	}
	metrics_add(f->home->running, -1);
}

static metric_cell *counter(const char *name, const char *help)
{
	return metrics_cell(metrics_family(METRIC_COUNTER, name, "", help), 0, 0, 0, 0);
}

struct flights *flights_new(struct store *s, struct alarms *alarms, unsigned max_flights)
{
	struct flights *fs = mem_alloc(sizeof(*fs));

	fs->store = s;
	fs->alarms = alarms;
	fs->lanes = lanes_new("flight", max_flights, MAX_QUEUED);
	fs->tasks = tasks_new_in(fs->lanes, MAX_KNOWN);
	fs->running = metrics_cell(metrics_family(METRIC_GAUGE, "larder_flights", "",
						  "Blob downloads under way"),
				   0, 0, 0, 0);
	fs->resumed = counter(
		"larder_flight_resumed_bytes_total",
		"Bytes of interrupted downloads found on disk and not asked again");
	fs->mismatches = counter("larder_flight_mismatches_total",
				 "Downloads whose bytes did not match their digest");
	fs->broken = counter("larder_flight_retries_total",
			     "Times a broken download was tried again");
	fs->passed = counter("larder_flight_unstored_total",
			     "Downloads passed through because the disk was full");
	return fs;
}

void flights_stop(struct flights *fs)
{
	if (fs == NULL)
		return;
	lanes_stop(fs->lanes);
	tasks_free(fs->tasks);
	free(fs);
}

/* Beside another upstream's. */
typedef char own_key[DIGEST_TEXT_MAX + sizeof(((struct site *)NULL)->host) + 1];

static void make_key(own_key key, const struct route *r, const char *text)
{
	snprintf(key, sizeof(own_key), "%s %s", text, r->site->host);
}

static bool is_of(struct task *t, const struct route *r)
{
	return strcmp(((struct flight *)task_arg(t))->route.site->host, r->site->host) ==
	       0;
}

static bool gets_on(struct task *t)
{
	struct err why;
	int64_t size;
	enum flight_look look = flight_look(t, &size, &why);

	return look != FLIGHT_WAIT && look != FLIGHT_FAILED;
}

struct task *flights_find(struct flights *fs, const struct route *r,
			  const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];
	struct task *t;
	own_key key;

	digest_text(d, text);
	t = tasks_find(fs->tasks, text);
	if (r == NULL || (t != NULL && (is_of(t, r) || gets_on(t))))
		return t;
	task_unref(t);
	make_key(key, r, text);
	return tasks_find(fs->tasks, key);
}

static void look_after(void *arg);

/* Takes over the reference. */
static void look_later(struct task *t)
{
	struct flight *f = task_arg(t);

	if (!alarms_set(f->alarms, clock_mono_ms() + LOOK_AFTER_MS, look_after, t))
		task_unref(t);
}

/* Clients who have waited for long in vain look again, and are told. Until then somebody
 * looks now and then whether it is over, so as not to hold its files when it is. */
static void look_after(void *arg)
{
	struct task *t = arg;

	if (task_result(t) != NULL) {
		task_unref(t);
	} else if (clock_mono_ms() < task_started_ms(t) + VISIT_DEADLINE_MS) {
		look_later(t);
	} else {
		bell_ring(task_bell(t));
		task_unref(t);
	}
}

struct task *flights_start(struct flights *fs, const struct route *r,
			   const struct digest *d, uint64_t max_bytes, bool *started,
			   struct err *e)
{
	struct flight *f = flight_new(fs, r, d);
	struct task *t = tasks_find(fs->tasks, f->text);
	own_key key;

	f->max_bytes = max_bytes;
	if (t != NULL && !is_of(t, r))
		make_key(key, r, f->text);
	else
		snprintf(key, sizeof(key), "%s", f->text);
	task_unref(t);
	t = tasks_start_in(fs->tasks, r->site->host, key, flight_run, f, flight_free,
			   started, e);
	if (t != NULL && *started)
		look_later(task_ref(t));
	return t;
}

enum flight_look flight_look(struct task *t, int64_t *size, struct err *e)
{
	const struct task_result *result = task_result(t);
	struct flight *f = task_arg(t);
	enum flight_look look = FLIGHT_WAIT;

	if (result != NULL && result->rc != 0) {
		*e = result->err;
		return FLIGHT_FAILED;
	}
	if (result != NULL && f->stored_before)
		return FLIGHT_STORED;
	pthread_mutex_lock(&f->mu);
	*size = f->size;
	if (f->space.view.mem_gone > f->space.view.mem_from)
		look = FLIGHT_MISSED;
	else if (f->proved || flight_released(f) > 0)
		look = FLIGHT_GO;
	pthread_mutex_unlock(&f->mu);
	return look;
}

uint64_t flight_landed(struct task *t)
{
	struct flight *f = task_arg(t);
	uint64_t landed;

	pthread_mutex_lock(&f->mu);
	landed = f->landed;
	pthread_mutex_unlock(&f->mu);
	return landed;
}

bool flight_has_begun(struct task *t)
{
	return atomic_load(&((struct flight *)task_arg(t))->begun);
}

bool flight_is_passing(struct task *t)
{
	struct flight *f = task_arg(t);
	bool passing;

	pthread_mutex_lock(&f->mu);
	passing = f->open && f->space.view.mem_fd >= 0;
	pthread_mutex_unlock(&f->mu);
	return passing;
}

const struct reponame *flight_name(struct task *t)
{
	return &((struct flight *)task_arg(t))->route.name;
}
