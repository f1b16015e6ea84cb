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

void meter_open(const char *upstream, const char *part, bool open)
{
	struct metric *m = metrics_family(
		METRIC_GAUGE, "larder_upstream_open", "upstream,part",
		"1: in trouble, or asked to be left alone; one request at a time finds "
		"out, and others are refused from memory.");

	metrics_set(metrics_cell(m, upstream, part, NULL, NULL), open);
}

void meter_refused(const char *upstream, const char *part, const char *why)
{
	struct metric *m = metrics_family(METRIC_COUNTER, "larder_upstream_refused_total",
					  "upstream,part,why",
					  "Requests to upstreams that were not made.");

	metrics_add(metrics_cell(m, upstream, part, why, NULL), 1);
}

void meter_toomany(const char *upstream, const char *kind)
{
	struct metric *m = metrics_family(
		METRIC_COUNTER, "larder_upstream_too_many_total", "upstream,kind",
		"Answers of upstreams with status 429, by what they meant.");

	metrics_add(metrics_cell(m, upstream, kind, NULL, NULL), 1);
}
