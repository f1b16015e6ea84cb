/*
 * schedule.c - the thread that waits for the next time, and a run.
 *
 * sc->mu guards what, changed, stopping and batch.
 */
#include "app/schedule.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/here.h"
#include "app/imageargs.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "base/metrics.h"

#define AT_ONCE 2
#define LOOK_MS 60000 /* the clock may be set meanwhile */
/* What was left is not tried again sooner than the first; where an upstream does not say
 * when it will be better, so long doubles to the second. */
#define AGAIN_MS 60000
#define AGAIN_MOST_MS (60 * 60000)

/* What the settings say of it. */
struct what {
	char *images, *words;
};

/* What a run had to leave. The thread's own. */
struct left {
	char **image; /* as the list says it */
	size_t n;
	unsigned runs;	 /* in a row that left something */
	int64_t span_ms; /* wall: again at at_ms, so long after it was left */
	int64_t at_ms;
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
	return (struct what){ mem_dup(s->images), mem_dup(s->schedule) };
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

static void left_clear(struct left *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->image[i]);
	free(l->image);
	*l = (struct left){ 0 };
}

/* The wall clock's ms at which what was left is run again; INT64_MAX: nothing was. The
 * clock may have been set back. */
static int64_t next_again(struct left *l)
{
	int64_t most_ms = clock_wall_ms() + l->span_ms;

	if (l->n == 0)
		return INT64_MAX;
	if (l->at_ms > most_ms)
		l->at_ms = most_ms;
	return l->at_ms;
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

static void run_batch(struct schedule *sc, struct imageargs *a, unsigned at_once)
{
	struct batch_image **image = mem_alloc((a->n + 1) * sizeof(*image));
	struct batch b = {
		.plan = mirror_plan(sc->mirror),
		.mirror = sc->mirror,
		.image = image,
		.at_once = at_once,
		.who = VISIT_BACKGROUND,
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

/* Was it left because of what will pass? Then after how long it is worth another try. */
static bool is_left(const struct imagearg *arg, unsigned runs, int64_t *span_ms)
{
	const struct batch_image *im = &arg->im;
	int64_t ms = AGAIN_MOST_MS;

	if (arg->bad || (im->result != BATCH_FAILED && im->result != BATCH_STALE) ||
	    (im->err.kind != ERR_BUSY && im->err.kind != ERR_UPSTREAM))
		return false;
	if (im->err.kind == ERR_BUSY && im->err.retry_after_s > 0)
		ms = (int64_t)im->err.retry_after_s * 1000;
	else if (runs < 6)
		ms = (int64_t)AGAIN_MS << runs;
	*span_ms = ms > AGAIN_MS ? ms : AGAIN_MS;
	return true;
}

/* The first that can go on brings all of them: to be refused again costs nothing. */
static void note_left(struct left *l, const struct imageargs *a)
{
	unsigned runs = l->runs;
	int64_t span_ms;
	size_t i;

	left_clear(l);
	l->image = mem_alloc((a->n + 1) * sizeof(*l->image));
	for (i = 0; i < a->n; i++) {
		if (!is_left(a->arg[i], runs, &span_ms))
			continue;
		if (l->n == 0 || span_ms < l->span_ms)
			l->span_ms = span_ms;
		l->image[l->n++] = mem_dup(a->arg[i]->text);
	}
	if (l->n == 0)
		return;
	l->runs = runs + 1;
	l->at_ms = clock_wall_ms() + l->span_ms;
	log_event(LOG_INFO, "schedule.left", LU("images", l->n),
		  LU("again_in_s", l->span_ms / 1000));
}

static bool was_left(void *arg, const struct imagearg *image)
{
	const struct left *l = arg;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->image[i], image->text) == 0)
			return true;
	return false;
}

/* again: only what was left. The list may be another by now. */
static void run(struct schedule *sc, struct what *w, struct left *left, bool again)
{
	const struct option_values files = { .v = { w->images }, .n = 1 };
	struct platform here;
	struct imageargs a;
	struct err e;

	log_event(LOG_INFO, "schedule.begins", LS("images", w->images),
		  LS("which", again ? "those left for later" : "all"));
	if (imageargs_read(&a, NULL, 0, &files, sc->envp, &e) != 0) {
		log_event(LOG_ERROR, "schedule.failed", LS("error", e.msg));
		left_clear(left);
	} else {
		if (again)
			imageargs_keep(&a, was_left, left);
		else
			left->runs = 0;
		here_platform(&here);
		imageargs_set_platforms(&a, &here, 1);
		imageargs_compare(&a);
		/* The first shows whether it is any use. */
		run_batch(sc, &a, again ? 1 : AT_ONCE);
		count_images(&a);
		note_left(left, &a);
	}
	imageargs_done(&a);
}

/* With the lock held. */
static void take_settings(struct schedule *sc, struct what *what, struct left *left)
{
	bool on = sc->what.images != NULL && sc->what.words != NULL;

	sc->changed = false;
	what_done(what);
	*what = (struct what){ mem_dup(sc->what.images), mem_dup(sc->what.words) };
	if (!on)
		left_clear(left);
}

static void *work(void *arg)
{
	struct schedule *sc = arg;
	struct what what = { 0 };
	struct left left = { 0 };
	int64_t next_ms, again_ms;
	bool changed;

	lowly_after();
	pthread_mutex_lock(&sc->mu);
	while (!sc->stopping) {
		take_settings(sc, &what, &left);
		next_ms = next_run(&what);
		again_ms = next_again(&left);
		changed = wait_until(sc, again_ms < next_ms ? again_ms : next_ms);
		pthread_mutex_unlock(&sc->mu);
		if (!changed)
			run(sc, &what, &left, again_ms < next_ms);
		pthread_mutex_lock(&sc->mu);
	}
	pthread_mutex_unlock(&sc->mu);
	what_done(&what);
	left_clear(&left);
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
