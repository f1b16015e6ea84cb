/*
 * meter.h - what is counted of traffic with upstreams. Any thread.
 */
#ifndef LARDER_UPSTREAM_METER_H
#define LARDER_UPSTREAM_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"

/* One request has ended. kind: "token", "manifest_head", "manifest_get", "blob_head",
 * "blob_get", "tags", "ping", "blob_post", "blob_put", "manifest_put", or "cdn" after a
 * redirect to another host. */
void meter_request(const char *upstream, const char *kind, const char *outcome);
/* How many of those there were. */
int64_t meter_count(const char *upstream, const char *kind, const char *outcome);
metric_cell *meter_received(const char *upstream, const char *kind);
/* Is that part of it ("registry", "cdn") held back by its breaker? */
void meter_open(const char *upstream, const char *part, bool open);
/* A request that was not made, for that: "open", "busy", "quota". */
void meter_refused(const char *upstream, const char *part, const char *why);
/* A 429, by what it meant: "quota", "abuse", "login". */
void meter_toomany(const char *upstream, const char *kind);

#endif
