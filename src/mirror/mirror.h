/*
 * mirror.h - a store and its upstreams: the pools that fetch, the tables of work under
 * way, and the present plan. What is asked of it: ask_manifest.h, ask_blob.h, ask_tags.h.
 */
#ifndef LARDER_MIRROR_MIRROR_H
#define LARDER_MIRROR_MIRROR_H

#include "mirror/route.h"
#include "store/store.h"

struct mirror;

/* store is borrowed and outlives the mirror; plan is taken over. max_flights: blob
 * downloads at once. */
struct mirror *mirror_new(struct store *s, struct plan *plan, unsigned max_flights);
/* All work ends (upstream calls are cancelled), all bells ring, then everything is freed.
 * No visit may begin after it. Call mirror_cancel first, so that those who wait can
 * leave. */
void mirror_cancel(struct mirror *m);
void mirror_stop(struct mirror *m);

struct plan *mirror_plan(struct mirror *m); /* the present one; a reference */
void mirror_set_plan(struct mirror *m,
		     struct plan *plan); /* taken over; for later requests */

/* What is known of one upstream. */
struct mirror_site {
	const char *host, *url;		      /* valid during the call */
	bool trouble;			      /* the last check failed or was slow */
	bool quota_known;		      /* what it last said of its pull quota: */
	int64_t quota_limit, quota_remaining; /* -1: that one not */
	int64_t quota_window_s;		      /* 0: not said */
	int64_t quota_seen_wall_ms;
};

/* Each upstream of the present plan, in the order of the settings. Any thread. */
void mirror_sites(struct mirror *m, void (*fn)(void *arg, const struct mirror_site *s),
		  void *arg);

#endif
