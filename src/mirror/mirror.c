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
#include "mirror/sites.h"
#include "upstream/quota_meter.h"

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
	m->kept = kept_new(s, plan);
	m->fetch.store = s;
	m->fetch.kept = m->kept;
	m->fetch.claims = claims_new();
	m->fetch.overflow = overflow_new();
	m->fetch.tags = tagstates_new(s);
	m->fetch.sizes = sizes_new();
	others_init(&m->others);
	m->drifts = drifts_new();
	drifts_adopt(m->drifts, plan);
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
	kept_free(m->kept);	/* all has been spent that will be */
	others_done(&m->others);
	drifts_free(m->drifts);
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

struct store *mirror_store(struct mirror *m)
{
	return m->store;
}

struct usage *mirror_usage(struct mirror *m)
{
	return kept_usage(m->kept);
}

int mirror_sites(struct mirror *m, struct buf *out)
{
	struct plan *p = mirror_plan(m);
	int rc;

	kept_look_now(m->kept);
	rc = sites_json(p, out);
	plan_unref(p);
	return rc;
}

int mirror_lock(struct mirror *m, struct buf *out)
{
	struct plan *p = mirror_plan(m);
	int rc = drifts_json(m->drifts, p, out);

	plan_unref(p);
	return rc;
}

int mirror_check(struct mirror *m, int64_t deadline_ms, struct buf *out)
{
	struct plan *p = mirror_plan(m);
	unsigned failed;
	int rc;

	kept_wait(m->kept);
	rc = sites_check(p, deadline_ms, out, &failed);
	kept_due(m->kept);
	plan_unref(p);
	return rc;
}

void mirror_meter(struct mirror *m)
{
	struct plan *p = mirror_plan(m);

	kept_look_soon(m->kept);
	sites_meter(p);
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

	kept_adopt(m->kept, plan);
	pthread_mutex_lock(&m->mu);
	old = m->plan;
	keep_pace(plan, old);
	m->plan = plan;
	pthread_mutex_unlock(&m->mu);
	drifts_adopt(m->drifts, plan);
	quota_meter_clear();
	plan_unref(old);
}
