/*
 * schedule.c - the thread that waits for the next time, and a run.
 *
 * sc->mu guards what, changed, stopping and batch.
 */
#include "app/schedule.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "app/here.h"
#include "app/imageargs.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "upstream/quota.h"

#define AT_ONCE 2
#define LOOK_MS 60000 /* the clock may be set meanwhile */
#define NICE 10

/* What the settings say of it. */
struct what {
	char *images, *words;
	unsigned reserve;
};

struct schedule {
	pthread_mutex_t mu;
	pthread_cond_t moved;
	pthread_t thread;
	struct mirror *mirror;
	char **envp;
	struct what what;
	bool changed, stopping;
	struct batch *batch; /* of a run under way */
};

static struct what what_of(const struct settings *s)
{
	return (struct what){ mem_dup(s->images), mem_dup(s->schedule), s->reserve };
}

static void what_done(struct what *w)
{
	free(w->images);
	free(w->words);
}

/* The wall clock's ms of the next run; INT64_MAX: none. */
static int64_t next_run(const struct what *w)
{
	struct cron c;
	struct err e;
	int64_t at;

	if (w->words == NULL || w->images == NULL)
		return INT64_MAX;
	if (cron_parse(view_of(w->words), &c, &e) != 0)
		return INT64_MAX; /* settings_load has refused it */
	at = cron_next(&c, clock_wall_ms());
	return at < 0 ? INT64_MAX : at;
}

/* With the lock held. False: it is time. True: something has changed. */
static bool wait_until(struct schedule *sc, int64_t at_ms)
{
	while (!sc->stopping && !sc->changed) {
		int64_t left_ms = at_ms - clock_wall_ms();
		int64_t until_ms;
		struct timespec ts;

		if (at_ms == INT64_MAX) {
			pthread_cond_wait(&sc->moved, &sc->mu);
			continue;
		}
		if (left_ms <= 0)
			return false;
		until_ms = clock_mono_ms() + (left_ms < LOOK_MS ? left_ms : LOOK_MS);
		ts = (struct timespec){ .tv_sec = until_ms / 1000,
					.tv_nsec = until_ms % 1000 * 1000000 };
		pthread_cond_timedwait(&sc->moved, &sc->mu, &ts);
	}
	return true;
}

/* Is what the upstream last said of its quota still true, and at the reserve? */
static bool may_fetch(void *arg, const struct batch_image *im, struct err *e)
{
	const struct what *w = arg;
	struct upstream_quota q;

	if (w->reserve == 0 || !upstream_quota(im->route.site->up, &q) ||
	    q.remaining < 0 || q.remaining > w->reserve ||
	    clock_wall_ms() - q.seen_wall_ms > q.window_s * 1000)
		return true;
	err_set(e, ERR_BUSY,
		"left for later: %lld pulls are left at %s, and larder.reserve keeps %u "
		"for clients",
		(long long)q.remaining, im->route.site->host, w->reserve);
	e->retry_after_s = 0;
	return false;
}

static void say_image(const struct imagearg *arg)
{
	const struct batch_image *im = &arg->im;
	char now[DIGEST_TEXT_MAX] = "", before[DIGEST_TEXT_MAX] = "";
	enum log_level level = LOG_INFO;

	if (im->result == BATCH_CURRENT)
		level = LOG_DEBUG;
	if (im->result == BATCH_FAILED || im->result == BATCH_STALE)
		level = LOG_WARN;
	if (level != LOG_WARN)
		digest_text(&im->done.digest, now);
	if (im->result == BATCH_MOVED)
		digest_text(&im->done.before, before);
	log_event(level, "schedule.image", LS("image", arg->text),
		  LS("result", batch_result_word(im->result)), LS("digest", now),
		  LS("before", before),
		  LS("error", level == LOG_WARN ? im->err.msg : ""));
}

static void count_images(const struct imageargs *a)
{
	struct metric *m = metrics_family(METRIC_COUNTER, "larder_schedule_images_total",
					  "result",
					  "Images that scheduled runs have looked at");
	size_t i, by[BATCH_FAILED + 1] = { 0 };

	for (i = 0; i < a->n; i++) {
		enum batch_result result = a->arg[i]->im.result;

		by[result]++;
		metrics_add(metrics_cell(m, batch_result_word(result), NULL, NULL, NULL),
			    1);
		say_image(a->arg[i]);
	}
	metrics_set(metrics_cell(metrics_family(METRIC_GAUGE,
						"larder_schedule_last_run_seconds", "",
						"When the last scheduled run ended, in "
						"seconds since 1970"),
				 NULL, NULL, NULL, NULL),
		    clock_wall_ms() / 1000);
	log_event(LOG_INFO, "schedule.done", LU("images", a->n), LU("new", by[BATCH_NEW]),
		  LU("moved", by[BATCH_MOVED]), LU("current", by[BATCH_CURRENT]),
		  LU("stale", by[BATCH_STALE]), LU("failed", by[BATCH_FAILED]));
}

static void set_batch(struct schedule *sc, struct batch *b)
{
	pthread_mutex_lock(&sc->mu);
	sc->batch = b;
	if (b != NULL && sc->stopping)
		batch_cancel(b);
	pthread_mutex_unlock(&sc->mu);
}

static void run_batch(struct schedule *sc, struct what *w, struct imageargs *a)
{
	struct batch_image **image = mem_alloc((a->n + 1) * sizeof(*image));
	struct batch b = {
		.plan = mirror_plan(sc->mirror),
		.mirror = sc->mirror,
		.image = image,
		.at_once = AT_ONCE,
		.may_fetch = may_fetch,
		.arg = w,
	};
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!a->arg[i]->bad)
			image[b.n++] = &a->arg[i]->im;
	batch_start(&b);
	set_batch(sc, &b);
	batch_wait(&b, -1);
	set_batch(sc, NULL);
	batch_end(&b);
	plan_unref(b.plan);
	free(image);
}

static void run(struct schedule *sc, struct what *w)
{
	const struct option_values files = { .v = { w->images }, .n = 1 };
	struct platform here;
	struct imageargs a;
	struct err e;

	log_event(LOG_INFO, "schedule.begins", LS("images", w->images));
	if (imageargs_read(&a, NULL, 0, &files, sc->envp, &e) != 0) {
		log_event(LOG_ERROR, "schedule.failed", LS("error", e.msg));
	} else {
		here_platform(&here);
		imageargs_set_platforms(&a, &here, 1);
		run_batch(sc, w, &a);
		count_images(&a);
	}
	imageargs_done(&a);
}

static void *work(void *arg)
{
	struct schedule *sc = arg;
	struct what what = { 0 };
	bool changed;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	pthread_mutex_lock(&sc->mu);
	while (!sc->stopping) {
		sc->changed = false;
		what_done(&what);
		what = (struct what){ mem_dup(sc->what.images), mem_dup(sc->what.words),
				      sc->what.reserve };
		changed = wait_until(sc, next_run(&what));
		pthread_mutex_unlock(&sc->mu);
		if (!changed)
			run(sc, &what);
		pthread_mutex_lock(&sc->mu);
	}
	pthread_mutex_unlock(&sc->mu);
	what_done(&what);
	return NULL;
}

struct schedule *schedule_start(struct mirror *m, const struct settings *s, char **envp)
{
	struct schedule *sc = mem_alloc(sizeof(*sc));
	pthread_condattr_t attr;

	pthread_mutex_init(&sc->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sc->moved, &attr);
	pthread_condattr_destroy(&attr);
	sc->mirror = m;
	sc->envp = envp;
	sc->what = what_of(s);
	if (pthread_create(&sc->thread, NULL, work, sc) == 0)
		return sc;
	log_event(LOG_ERROR, "schedule.failed", LS("error", "no thread to be had"));
	what_done(&sc->what);
	free(sc);
	return NULL;
}

void schedule_set(struct schedule *sc, const struct settings *s)
{
	if (sc == NULL)
		return;
	pthread_mutex_lock(&sc->mu);
	what_done(&sc->what);
	sc->what = what_of(s);
	sc->changed = true;
	pthread_cond_signal(&sc->moved);
	pthread_mutex_unlock(&sc->mu);
}

void schedule_stop(struct schedule *sc)
{
	if (sc == NULL)
		return;
	pthread_mutex_lock(&sc->mu);
	sc->stopping = true;
	if (sc->batch != NULL)
		batch_cancel(sc->batch);
	pthread_cond_signal(&sc->moved);
	pthread_mutex_unlock(&sc->mu);
	pthread_join(sc->thread, NULL);
	what_done(&sc->what);
	pthread_cond_destroy(&sc->moved);
	pthread_mutex_destroy(&sc->mu);
	free(sc);
}
