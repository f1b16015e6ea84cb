/*
 * quota_meter.c - families with a cell for each account.
 */
#include "upstream/quota_meter.h"

#include "base/mem.h"
#include "base/metrics.h"
#include "upstream/upstream.h"

enum gauge { LIMIT, REMAINING, WINDOW, SEEN, SPENT, OTHERS, USED_UP, BACK, GAUGES };

#define NAME(what) "larder_upstream_pull_quota_" what

static struct metric *family(enum gauge g)
{
	static const struct {
		const char *name, *help;
	} all[GAUGES] = {
		{ NAME("limit"), "Pulls per window, as the registry last said." },
		{ NAME("remaining"), "Pulls left, as the registry last said." },
		{ NAME("window_seconds"), "How long a pull counts." },
		{ NAME("seen_timestamp_seconds"), "When the registry said it." },
		{ NAME("spent"), "Pulls of the last window, by larders on this store." },
		{ NAME("others"),
		  "Pulls by others behind the same account or address, when the registry "
		  "last said." },
		{ NAME("used_up"), "1: no pull is left; what is cached is served." },
		{ NAME("back_timestamp_seconds"),
		  "Where it is used up: when the first pull is there again." },
	};

	return metrics_family(METRIC_GAUGE, all[g].name, "upstream,account", all[g].help);
}

void quota_meter_set(const char *upstream, const struct upstream_quota *q)
{
	int64_t value[GAUGES] = {
		[LIMIT] = q->known && q->limit >= 0 ? q->limit : METRIC_NONE,
		[REMAINING] = q->known && q->remaining >= 0 ? q->remaining : METRIC_NONE,
		[WINDOW] = q->known && q->window_s > 0 ? q->window_s : METRIC_NONE,
		[SEEN] = q->known ? q->seen_wall_ms / 1000 : METRIC_NONE,
		[SPENT] = q->spent,
		[OTHERS] = q->known ? q->others : METRIC_NONE,
		[USED_UP] = q->used_up,
		[BACK] = q->used_up ? q->back_wall_ms / 1000 : METRIC_NONE,
	};
	int g;

	for (g = 0; g < GAUGES; g++)
		metrics_set(metrics_cell(family((enum gauge)g), upstream, q->account,
					 NULL, NULL),
			    value[g]);
}

void quota_meter_all(struct upstream *u)
{
	struct upstream_quota q[UPSTREAM_ACCOUNTS_MAX];
	size_t n = upstream_quotas(u, q, UPSTREAM_ACCOUNTS_MAX), i;

	for (i = 0; i < n; i++)
		quota_meter_set(upstream_host(u), &q[i]);
}

void quota_meter_clear(void)
{
	int g;

	for (g = 0; g < GAUGES; g++)
		metrics_clear(family((enum gauge)g));
}
