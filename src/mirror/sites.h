/*
 * sites.h - the upstreams of a plan, for people and programs: how they fare, and what is
 * left of their pull quotas. Any thread; asks nobody.
 */
#ifndef LARDER_MIRROR_SITES_H
#define LARDER_MIRROR_SITES_H

#include "base/buf.h"
#include "mirror/route.h"

/* An array, as docs/api.md has it under `upstreams`. -1: over out's limit. */
int sites_json(struct plan *p, struct buf *out);
/* The gauges of quotas, which change by themselves. */
void sites_meter(struct plan *p);

#endif
