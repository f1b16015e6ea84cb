/*
 * chores.c - the thread, and when what is due.
 *
 * t->mu guards conf, changed and stopping. Times are of the wall clock, so that they can
 * be told; one that has jumped back makes nothing wait longer than its interval.
 */
#include "app/chores.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/chore_collect.h"
#include "app/chore_keep.h"
#include "app/chore_room.h"
#include "app/chore_scrub.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"

#define LOOK_MS 60000 /* the clock may be set meanwhile */
#define WORK_MS 2     /* at least, before a rest */
#define REST 3	      /* times as long as the work */
#define REST_MOST_MS 500
#define NEVER INT64_MAX
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

struct chore {
	int64_t (*interval_ms)(const struct chores_conf *conf);
	void (*run)(struct chores *c);
};

static int64_t collect_interval(const struct chores_conf *conf)
{
	return conf->collect_ms;
}

/* Before the collection, which then takes what nothing names. */
static int64_t keep_interval(const struct chores_conf *conf)
{
	if (conf->n_keep == 0)
		return 0;
	return conf->collect_ms > 0 ? conf->collect_ms : DAY_MS;
}

static int64_t partials_interval(const struct chores_conf *conf)
{
	return conf->collect_ms > 0 && conf->collect_ms < HOUR_MS ? conf->collect_ms
								  : HOUR_MS;
}

static int64_t count_interval(const struct chores_conf *conf)
{
	return DAY_MS;
}

/* A rate of nothing is none. */
static int64_t scrub_interval(const struct chores_conf *conf)
{
	return conf->scrub_rate > 0 ? conf->scrub_ms : 0;
}

static const struct chore chore[] = {
	{ keep_interval, chore_keep },
	{ collect_interval, chore_collect },
	{ partials_interval, chore_room_partials },
	{ count_interval, chore_room_count },
	{ scrub_interval, chore_scrub },
};

struct chores_thread {
	pthread_mutex_t mu;
	pthread_cond_t moved;
	pthread_t id;
	struct chores_conf conf;
	bool changed, stopping;
	/* the thread's own */
	int64_t due_ms[ARRAY_LEN(chore)];
	int64_t worked_since_ms; /* monotonic */
};

static struct chores_conf conf_of(const struct settings *s)
{
	struct chores_conf conf = { .collect_ms = s->collect_ms,
				    .grace_ms = s->grace_ms,
				    .scrub_ms = s->scrub_ms,
				    .scrub_rate = s->scrub_rate,
				    .n_keep = s->n_keep };
	size_t i;

	conf.images = s->images != NULL ? mem_dup(s->images) : NULL;
	conf.keep = mem_alloc((s->n_keep + 1) * sizeof(*conf.keep));
	for (i = 0; i < s->n_keep; i++) {
		conf.keep[i] = s->keep[i];
		conf.keep[i].pattern = mem_dup(s->keep[i].pattern);
	}
	return conf;
}

static void conf_done(struct chores_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_keep; i++)
		free(conf->keep[i].pattern);
	free(conf->keep);
	free(conf->images);
	*conf = (struct chores_conf){ 0 };
}

/* With the lock held, given up meanwhile: until something has changed, or so long. */
static void wait_ms(struct chores_thread *t, int64_t ms)
{
	int64_t until_ms = clock_mono_ms() + ms;
	struct timespec ts = { .tv_sec = until_ms / 1000,
			       .tv_nsec = until_ms % 1000 * 1000000 };

	pthread_cond_timedwait(&t->moved, &t->mu, &ts);
}

static bool is_over(const struct chores_thread *t)
{
	return t->stopping || t->changed;
}

bool chores_rest(struct chores *c, int64_t ms)
{
	struct chores_thread *t = c->thread;
	int64_t until_ms = clock_mono_ms() + ms, left_ms;
	bool over;

	pthread_mutex_lock(&t->mu);
	while (!is_over(t) && (left_ms = until_ms - clock_mono_ms()) > 0)
		wait_ms(t, left_ms);
	t->worked_since_ms = clock_mono_ms();
	over = is_over(t);
	pthread_mutex_unlock(&t->mu);
	return !over;
}

bool chores_may_go_on(struct chores *c)
{
	bool over;

	pthread_mutex_lock(&c->thread->mu);
	over = is_over(c->thread);
	pthread_mutex_unlock(&c->thread->mu);
	return !over;
}

bool chores_breathe(struct chores *c)
{
	int64_t worked_ms = clock_mono_ms() - c->thread->worked_since_ms;

	if (worked_ms >= WORK_MS)
		return chores_rest(c, worked_ms * REST < REST_MOST_MS ? worked_ms * REST
								      : REST_MOST_MS);
	return chores_may_go_on(c);
}

/* A first run soon, the others as the settings say. */
static void plan_first(struct chores *c, int64_t now_ms)
{
	struct chores_thread *t = c->thread;
	size_t i;

	for (i = 0; i < ARRAY_LEN(chore); i++) {
		int64_t ms = chore[i].interval_ms(&c->conf);

		t->due_ms[i] = ms == 0		      ? NEVER
			       : ms < CHORES_FIRST_MS ? now_ms + ms
						      : now_ms + CHORES_FIRST_MS;
	}
}

/* With the lock held: the next that is due; or -1, when something has changed. */
static int wait_for_next(struct chores *c)
{
	struct chores_thread *t = c->thread;
	size_t i, next = 0;

	for (;;) {
		int64_t now_ms = clock_wall_ms(), left_ms;

		if (is_over(t))
			return -1;
		for (i = 0, next = 0; i < ARRAY_LEN(chore); i++) {
			int64_t most_ms = now_ms + chore[i].interval_ms(&c->conf);

			if (t->due_ms[i] != NEVER && t->due_ms[i] > most_ms)
				t->due_ms[i] = most_ms;
			if (t->due_ms[i] < t->due_ms[next])
				next = i;
		}
		left_ms = t->due_ms[next] - now_ms;
		if (left_ms <= 0)
			return (int)next;
		wait_ms(t, left_ms < LOOK_MS ? left_ms : LOOK_MS);
	}
}

static void *work(void *arg)
{
	struct chores *c = arg;
	struct chores_thread *t = c->thread;
	int next;

	lowly_idle();
	pthread_mutex_lock(&t->mu);
	t->changed = true;
	while (!t->stopping) {
		if (t->changed) {
			t->changed = false;
			conf_done(&c->conf);
			c->conf = t->conf;
			t->conf = (struct chores_conf){ 0 };
			plan_first(c, clock_wall_ms());
		}
		next = wait_for_next(c);
		if (next < 0)
			continue;
		pthread_mutex_unlock(&t->mu);
		t->worked_since_ms = clock_mono_ms();
		c->again_ms = 0;
		chore[next].run(c);
		pthread_mutex_lock(&t->mu);
		t->due_ms[next] = clock_wall_ms() +
				  (c->again_ms > 0 ? c->again_ms
						   : chore[next].interval_ms(&c->conf));
	}
	pthread_mutex_unlock(&t->mu);
	return NULL;
}

static void chores_free(struct chores *c)
{
	pthread_cond_destroy(&c->thread->moved);
	pthread_mutex_destroy(&c->thread->mu);
	conf_done(&c->thread->conf);
	conf_done(&c->conf);
	free(c->thread);
	free(c);
}

struct chores *chores_start(struct store *s, struct mirror *m, struct usage *usage,
			    const struct settings *set, char **env)
{
	struct chores *c = mem_alloc(sizeof(*c));
	struct chores_thread *t = mem_alloc(sizeof(*t));
	pthread_condattr_t attr;

	*c = (struct chores){
		.store = s, .mirror = m, .usage = usage, .env = env, .thread = t
	};
	pthread_mutex_init(&t->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->moved, &attr);
	pthread_condattr_destroy(&attr);
	t->conf = conf_of(set);
	if (pthread_create(&t->id, NULL, work, c) == 0)
		return c;
	log_event(LOG_ERROR, "chores.failed", LS("error", "no thread to be had"));
	chores_free(c);
	return NULL;
}

void chores_set(struct chores *c, const struct settings *set)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->thread->mu);
	conf_done(&c->thread->conf);
	c->thread->conf = conf_of(set);
	c->thread->changed = true;
	pthread_cond_signal(&c->thread->moved);
	pthread_mutex_unlock(&c->thread->mu);
}

void chores_stop(struct chores *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->thread->mu);
	c->thread->stopping = true;
	pthread_cond_signal(&c->thread->moved);
	pthread_mutex_unlock(&c->thread->mu);
	pthread_join(c->thread->id, NULL);
	chores_free(c);
}
