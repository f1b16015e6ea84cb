/*
 * doctor.c - a thread for each group, and findings handed over in order.
 *
 * Groups and the struct doctor live on the heap and are left there when a thread hangs.
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/reference.h"
#include "doctor/checks.h"
#include "doctor/mirrors.h"
#include "upstream/url.h"

/* By themselves groups end before they are given up on. */
#define GROUP_MS 16000
#define CLOCK_MS 1000

static const struct {
	const char *name;
	void (*fn)(struct group *g);
} before[] = { { "mirror", check_mirror } }, after[] = {
	{ "disk", check_disk },
	{ "store", check_store },
	{ "docker", check_docker },
	{ "clients", check_clients },
};

void doctor_date(struct doctor *d, const char *host, int64_t date_s)
{
	int64_t off_ms;

	if (date_s == 0)
		return;
	off_ms = clock_wall_ms() - date_s * 1000;
	pthread_mutex_lock(&d->mu);
	if (!d->clock.known || llabs(off_ms) < llabs(d->clock.off_ms)) {
		d->clock.known = true;
		d->clock.off_ms = off_ms;
		strncpy(d->clock.host, host, sizeof(d->clock.host) - 1);
	}
	pthread_mutex_unlock(&d->mu);
}

static void *run_group(void *arg)
{
	struct group *g = arg;

	g->fn(g);
	pthread_mutex_lock(&g->mu);
	g->done = true;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->mu);
	return NULL;
}

static struct group *start(struct doctor *d, const char *name,
			   void (*fn)(struct group *g), size_t which, int64_t limit_ms)
{
	struct group *g = mem_alloc(sizeof(*g));
	pthread_condattr_t attr;

	*g = (struct group){ .d = d, .name = name, .fn = fn, .which = which };
	g->deadline_ms = clock_mono_ms() + limit_ms;
	pthread_mutex_init(&g->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->moved, &attr);
	pthread_condattr_destroy(&attr);
	g->has_thread = pthread_create(&g->thread, NULL, run_group, g) == 0;
	if (g->has_thread)
		return g;
	finding_say(g, name, FINDING_FAIL, "no thread could be started for this check");
	g->done = true;
	return g;
}

static void hand_over(struct group *g, void (*say)(void *arg, const struct finding *f),
		      void *arg, struct doctor_tally *tally)
{
	for (size_t i = 0; i < g->n; i++) {
		tally->count[g->found[i].state]++;
		say(arg, &g->found[i]);
	}
}

/* Waits for the group to end, until the time given; then hands over what it found. */
static void finish(struct group *g, int64_t until_ms,
		   void (*say)(void *arg, const struct finding *f), void *arg,
		   struct doctor_tally *tally)
{
	struct timespec until = { until_ms / 1000, until_ms % 1000 * 1000000 };
	bool done;

	pthread_mutex_lock(&g->mu);
	while (!g->done && pthread_cond_timedwait(&g->moved, &g->mu, &until) != ETIMEDOUT)
		;
	done = g->done;
	pthread_mutex_unlock(&g->mu);
	if (!done) {
		finding_say(g, g->name, FINDING_FAIL,
			    "this check has had no answer within %d s",
			    DOCTOR_LIMIT_MS / 1000);
		finding_remedy(g, "what is asked there hangs: see whether other programs "
				  "get an answer");
		pthread_mutex_lock(&g->mu);
		g->late = true;
		pthread_mutex_unlock(&g->mu);
		tally->hangs = true;
	}
	hand_over(g, say, arg, tally);
	if (!done)
		return;
	/* It has still to leave the libraries that it used: they may be cleaned up next.
	 */
	if (g->has_thread)
		pthread_join(g->thread, NULL);
	pthread_mutex_destroy(&g->mu);
	pthread_cond_destroy(&g->moved);
	free(g);
}

static int set_up(struct doctor *d, const struct doctor_conf *conf, struct err *e)
{
	struct upstream_conf mirror = { .host = conf->mirror,
					.url = conf->mirror,
					.ca_file = conf->ca,
					.connect_ms = 3000,
					.header_ms = 4000,
					.stall_ms = 4000 };
	struct url at;

	d->conf = *conf;
	pthread_mutex_init(&d->mu, NULL);
	if (url_parse(conf->mirror, &at, e) != 0)
		return err_add(e, "the mirror's address %.100s", conf->mirror);
	mirror.direct = registry_host_is_loopback(view_of(at.host));
	d->mirror_is_here = mirror.direct || (conf->listen_host != NULL &&
					      strcmp(at.host, conf->listen_host) == 0);
	d->mirror = upstream_new(&mirror, e);
	return d->mirror != NULL ? 0 : -1;
}

/* The first groups that run all at once; the clock is judged by what they have heard. */
static void run_all(struct doctor *d, void (*say)(void *arg, const struct finding *f),
		    void *arg, struct doctor_tally *tally)
{
	struct group *g[ARRAY_LEN(before) + DOCTOR_MAX_UPSTREAMS + ARRAY_LEN(after)];
	int64_t until_ms = clock_mono_ms() + DOCTOR_LIMIT_MS;
	size_t n = 0, n_first, i;

	for (i = 0; i < ARRAY_LEN(before); i++)
		g[n++] = start(d, before[i].name, before[i].fn, 0, GROUP_MS);
	for (i = 0; i < d->conf.n_upstreams && i < DOCTOR_MAX_UPSTREAMS; i++)
		g[n++] = start(d, upstream_host(d->conf.upstream[i].up), check_upstream,
			       i, GROUP_MS);
	n_first = n;
	for (i = 0; i < ARRAY_LEN(after); i++)
		g[n++] = start(d, after[i].name, after[i].fn, 0, GROUP_MS);
	for (i = 0; i < n_first; i++)
		finish(g[i], until_ms, say, arg, tally);
	finish(start(d, "clock", check_clock, 0, CLOCK_MS), until_ms + CLOCK_MS, say, arg,
	       tally);
	for (i = n_first; i < n; i++)
		finish(g[i], until_ms, say, arg, tally);
}

int doctor_run(const struct doctor_conf *conf,
	       void (*say)(void *arg, const struct finding *f), void *arg,
	       struct doctor_tally *tally, struct err *e)
{
	struct doctor *d = mem_alloc(sizeof(*d));
	int rc = set_up(d, conf, e);

	*tally = (struct doctor_tally){ 0 };
	if (rc == 0)
		run_all(d, say, arg, tally);
	if (tally->hangs)
		return 0;
	upstream_unref(d->mirror);
	pthread_mutex_destroy(&d->mu);
	free(d);
	return rc;
}
