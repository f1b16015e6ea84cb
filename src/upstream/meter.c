/*
 * meter.c - the metric families of this floor.
 */
#include "upstream/meter.h"

static metric_cell *requests(const char *upstream, const char *kind, const char *outcome)
{
	struct metric *m = metrics_family(
		METRIC_COUNTER, "larder_upstream_requests_total", "upstream,kind,status",
		"Requests to upstreams, by HTTP status or failure.");

	return metrics_cell(m, upstream, kind, outcome, NULL);
}

void meter_request(const char *upstream, const char *kind, const char *outcome)
{
	metrics_add(requests(upstream, kind, outcome), 1);
}

int64_t meter_count(const char *upstream, const char *kind, const char *outcome)
{
	return atomic_load(requests(upstream, kind, outcome));
}

metric_cell *meter_received(const char *upstream, const char *kind)
{
	struct metric *m = metrics_family(METRIC_COUNTER,
					  "larder_upstream_received_bytes_total",
					  "upstream,kind", "Body bytes from upstreams.");

	return metrics_cell(m, upstream, kind, NULL, NULL);
}

/* The number before the window, which varies and is nobody's promise. -1: no number. */
static int64_t leading_number(struct view v)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < v.n && i < 15 && v.p[i] >= '0' && v.p[i] <= '9'; i++)
		n = n * 10 + (v.p[i] - '0');
	return i > 0 && (i == v.n || v.p[i] == ';' || v.p[i] == ' ') ? n : -1;
}

static void set_gauge(const char *name, const char *help, const char *upstream,
		      struct view value)
{
	int64_t n = leading_number(value);

	if (n >= 0)
		metrics_set(
			metrics_cell(metrics_family(METRIC_GAUGE, name, "upstream", help),
				     upstream, NULL, NULL, NULL),
			n);
}

void meter_quota(const char *upstream, const struct transport_answer *a)
{
	set_gauge("larder_upstream_pull_quota_limit",
		  "Pulls per window, as the registry last said.", upstream,
		  transport_header(a, "ratelimit-limit", 0));
	set_gauge("larder_upstream_pull_quota_remaining",
		  "Pulls left, as the registry last said.", upstream,
		  transport_header(a, "ratelimit-remaining", 0));
}
