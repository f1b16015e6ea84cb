/*
 * mirror.c - the parts of a mirror, from start to end.
 *
 * Owns the pools, the tables of work and the present plan (m->mu guards the plan
 * pointer).
 */
#include "mirror/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/mirror_impl.h"
#include "upstream/quota.h"

#define CHECK_THREADS 128
#define CHECK_QUEUE 2048 /* for each upstream */
#define WORK_LIMIT 8192
#define SWEEP_MS 60000 /* how often idle upstream connections are looked for */

static void sweep(void *arg)
{
	struct mirror *m = arg;

	upstream_sweep();
	alarms_set(m->alarms, clock_mono_ms() + SWEEP_MS, sweep, m);
}

struct mirror *mirror_new(struct store *s, struct plan *plan, unsigned max_flights)
{
	struct mirror *m = mem_alloc(sizeof(*m));

	m->store = s;
	m->lanes = lanes_new("upstream", CHECK_THREADS, CHECK_QUEUE);
	m->tasks = tasks_new_in(m->lanes, WORK_LIMIT);
	m->alarms = alarms_new();
	m->flights = flights_new(s, m->alarms, max_flights);
	m->fetch.store = s;
	m->fetch.claims = claims_new();
	m->fetch.overflow = overflow_new();
	m->fetch.tags = tagstates_new(s);
	m->fetch.sizes = sizes_new();
	others_init(&m->others);
	pthread_mutex_init(&m->mu, NULL);
	m->plan = plan;
	alarms_set(m->alarms, clock_mono_ms() + SWEEP_MS, sweep, m);
	return m;
}

void mirror_cancel(struct mirror *m)
{
	(void)m;
	upstream_cancel_all();
}

void mirror_stop(struct mirror *m)
{
	if (m == NULL)
		return;
	mirror_cancel(m);
	lanes_stop(m->lanes);
	tasks_free(m->tasks);
	flights_stop(m->flights);
	alarms_stop(m->alarms); /* after those who set them; each holds its task */
	others_done(&m->others);
	claims_free(m->fetch.claims);
	overflow_free(m->fetch.overflow);
	tagstates_free(m->fetch.tags);
	sizes_free(m->fetch.sizes);
	plan_unref(m->plan);
	pthread_mutex_destroy(&m->mu);
	free(m);
}

struct plan *mirror_plan(struct mirror *m)
{
	struct plan *p;

	pthread_mutex_lock(&m->mu);
	p = plan_ref(m->plan);
	pthread_mutex_unlock(&m->mu);
	return p;
}

void mirror_sites(struct mirror *m, void (*fn)(void *arg, const struct mirror_site *s),
		  void *arg)
{
	struct plan *p = mirror_plan(m);
	size_t i;

	for (i = 0; i < p->nsites; i++) {
		struct site *s = &p->site[i];
		struct mirror_site out = { .host = s->host,
					   .url = upstream_url(s->up),
					   .trouble = atomic_load(&s->trouble) };
		struct upstream_quota q;

		out.quota_known = upstream_quota(s->up, &q);
		out.quota_limit = q.limit;
		out.quota_remaining = q.remaining;
		out.quota_window_s = q.window_s;
		out.quota_seen_wall_ms = q.seen_wall_ms;
		fn(arg, &out);
	}
	plan_unref(p);
}

/* How often an upstream was asked lately does not change with the settings. */
static void keep_pace(struct plan *to, const struct plan *from)
{
	size_t i, k;

	for (i = 0; i < to->nsites; i++)
		for (k = 0; k < from->nsites; k++)
			if (strcmp(to->site[i].host, from->site[k].host) == 0)
				atomic_store(&to->site[i].checks.full_ms,
					     atomic_load(&from->site[k].checks.full_ms));
}

void mirror_set_plan(struct mirror *m, struct plan *plan)
{
	struct plan *old;

	pthread_mutex_lock(&m->mu);
	old = m->plan;
	keep_pace(plan, old);
	m->plan = plan;
	pthread_mutex_unlock(&m->mu);
	plan_unref(old);
}
