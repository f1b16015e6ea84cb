/*
 * chore_keep.c - rules from the settings, and what is said of what went.
 */
#include "app/chore_keep.h"

#include <stdlib.h>

#include "app/chores.h"
#include "app/listed.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/retain.h"
#include "store/usage.h"

static bool breathe(void *arg)
{
	return chores_breathe(arg);
}

static void say_image(void *arg, const struct retire_image *im)
{
	log_event(LOG_DEBUG, "keep.gone", LS("repository", im->shown),
		  LS("tag", im->tag));
}

static int run(struct chores *c, struct plan *plan, struct listed *listed,
	       struct retained *out, struct err *e)
{
	const struct chores_conf *conf = &c->conf;
	struct retain_rule *rule = wire_keep(conf->keep, conf->n_keep);
	struct retain_ask ask = { .rule = rule,
				  .nrules = conf->n_keep,
				  .image = say_image,
				  .breathe = breathe,
				  .arg = c };
	int rc;

	ask.what.store = c->store;
	ask.what.plan = plan;
	ask.what.is_listed = listed_has;
	ask.what.arg = listed;
	if (c->usage != NULL)
		usage_flush(c->usage);
	ask.what.usage = usage_reader_open(c->store);
	rc = retain_run(&ask, out, e);
	usage_reader_close(ask.what.usage);
	free(rule);
	return rc;
}

void chore_keep(struct chores *c)
{
	struct plan *plan = mirror_plan(c->mirror);
	int64_t began_ms = clock_mono_ms();
	struct retained out = { 0 };
	struct err e;
	struct listed *listed = listed_load(c->conf.images, plan, c->env, &e);
	int rc = -1;

	if (listed != NULL)
		rc = run(c, plan, listed, &out, &e);
	listed_free(listed);
	plan_unref(plan);
	metrics_add(
		metrics_cell(metrics_family(METRIC_COUNTER, "larder_kept_out_tags_total",
					    "", "Tags that larder.keep did not keep"),
			     NULL, NULL, NULL, NULL),
		(int64_t)out.images);
	if (out.images > 0)
		log_event(LOG_INFO, "keep.done", LU("tags", out.images),
			  LU("took_ms", clock_mono_ms() - began_ms));
	if (rc != 0 && e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "keep.failed", LS("error", e.msg));
}
