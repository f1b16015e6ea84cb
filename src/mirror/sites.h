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
/* Asks every upstream that has a free request for it what is left of its quota. Appends
 * an array of {"host":...,"error":null or why not}; *failed is how many. Blocks;
 * deadline_ms is monotonic. -1: over out's limit. */
int sites_check(struct plan *p, int64_t deadline_ms, struct buf *out, unsigned *failed);
/* The gauges of quotas, which change by themselves. */
void sites_meter(struct plan *p);

#endif
