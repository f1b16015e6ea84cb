/*
 * mirror.h - a store and its upstreams: the pools that fetch, the tables of work under
 * way, and the present plan. What is asked of it: ask_manifest.h, ask_blob.h, ask_tags.h.
 */
#ifndef LARDER_MIRROR_MIRROR_H
#define LARDER_MIRROR_MIRROR_H

#include "base/buf.h"
#include "mirror/route.h"
#include "store/store.h"

struct mirror;
struct usage;

/* store is borrowed and outlives the mirror; plan is taken over. max_flights: blob
 * downloads at once. What the store keeps of pull quotas is read beside. */
struct mirror *mirror_new(struct store *s, struct plan *plan, unsigned max_flights);
/* All work ends (upstream calls are cancelled), all bells ring, then everything is freed.
 * No visit may begin after it. Call mirror_cancel first, so that those who wait can
 * leave. */
void mirror_cancel(struct mirror *m);
void mirror_stop(struct mirror *m);

struct plan *mirror_plan(struct mirror *m); /* the present one; a reference */
void mirror_set_plan(struct mirror *m,
		     struct plan *plan); /* taken over; for later requests */

/* The present upstreams as JSON (mirror/sites.h), with what other processes on this store
 * have spent: blocks for the disk. */
int mirror_sites(struct mirror *m, struct buf *out);
/* The lock and what has drifted from it, as JSON (mirror/drift.h). */
int mirror_lock(struct mirror *m, struct buf *out);
/* The free requests of sites_check, now. Blocks for the network. */
int mirror_check(struct mirror *m, int64_t deadline_ms, struct buf *out);
/* The gauges of their quotas are brought up to date. Does not block: what other
 * processes have spent may come with the next call. */
void mirror_meter(struct mirror *m);

/* The store it was made with; borrowed. */
struct store *mirror_store(struct mirror *m);

/* Notes of uses, which the mirror writes down until it is stopped. */
struct usage *mirror_usage(struct mirror *m);

#endif
