/*
 * meter.h - what is counted of traffic with upstreams. Any thread.
 */
#ifndef LARDER_UPSTREAM_METER_H
#define LARDER_UPSTREAM_METER_H

#include "base/metrics.h"
#include "upstream/transport.h"

/* One request has ended. kind: "token", "manifest_head", "manifest_get", "blob_head",
 * "blob_get", "tags", "blob_post", "blob_put", "manifest_put", or "cdn" after a redirect
 * to another host. */
void meter_request(const char *upstream, const char *kind, const char *outcome);
metric_cell *meter_received(const char *upstream, const char *kind);
/* The registry's words on the pull quota, if the answer has any ("100;w=21600"). */
void meter_quota(const char *upstream, const struct transport_answer *a);

#endif
