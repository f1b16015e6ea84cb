/*
 * chore_collect.c - a collection, and what is said of it.
 */
#include "app/chore_collect.h"

#include "app/chores.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/collect.h"
#include "store/room.h"

struct job {
	struct chores *c;
	struct plan *plan;
};

static bool is_local(void *arg, const struct reponame *name)
{
	const struct job *j = arg;

	return route_is_local(j->plan, name);
}

static bool breathe(void *arg)
{
	const struct job *j = arg;

	/* What it frees is waited for: an eviction cannot collect beside it. */
	return room_is_pressed(j->c->store) ? chores_may_go_on(j->c)
					    : chores_breathe(j->c);
}

static metric_cell *cell(enum metric_type type, const char *name, const char *help)
{
	return metrics_cell(metrics_family(type, name, "", help), NULL, NULL, NULL, NULL);
}

static void say(const struct collected *out, int64_t took_ms)
{
	metrics_add(cell(METRIC_COUNTER, "larder_collected_blobs_total",
			 "Blobs that nobody named and that were removed"),
		    (int64_t)out->removed);
	metrics_add(cell(METRIC_COUNTER, "larder_collected_bytes_total",
			 "Bytes of the blobs that were removed"),
		    (int64_t)out->removed_bytes);
	log_event(out->removed > 0 ? LOG_INFO : LOG_DEBUG, "collect.done",
		  LU("blobs", out->removed), LU("bytes", out->removed_bytes),
		  LU("links", out->links), LU("looked_at", out->blobs),
		  LU("unreadable", out->unreadable), LU("took_ms", took_ms));
}

void chore_collect(struct chores *c)
{
	struct job j = { c, mirror_plan(c->mirror) };
	struct collect_ask ask = { .store = c->store,
				   .grace_ms = c->conf.grace_ms,
				   .is_local = is_local,
				   .breathe = breathe,
				   .arg = &j };
	int64_t began_ms = clock_mono_ms();
	struct collected out;
	struct err e;
	int rc = collect_run(&ask, &out, &e);

	plan_unref(j.plan);
	collect_say_stuck(&out);
	if (rc == 0 || out.removed > 0)
		say(&out, clock_mono_ms() - began_ms);
	if (rc == 0)
		metrics_set(cell(METRIC_GAUGE, "larder_collect_last_run_seconds",
				 "When the last collection ended, in seconds since 1970"),
			    clock_wall_ms() / 1000);
	else if (e.kind != ERR_BUSY && e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "collect.failed", LS("error", e.msg));
}
