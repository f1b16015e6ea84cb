/*
 * meter.h - what is counted of traffic with upstreams. Any thread.
 */
#ifndef LARDER_UPSTREAM_METER_H
#define LARDER_UPSTREAM_METER_H

#include <stdint.h>

#include "base/metrics.h"

/* One request has ended. kind: "token", "manifest_head", "manifest_get", "blob_head",
 * "blob_get", "tags", "blob_post", "blob_put", "manifest_put", "ping", or "cdn" after a
 * redirect to another host. */
void meter_request(const char *upstream, const char *kind, const char *outcome);
metric_cell *meter_received(const char *upstream, const char *kind);
/* The registry's words on the pull quota; -1: it did not say that. */
void meter_quota(const char *upstream, int64_t limit, int64_t remaining);

#endif
