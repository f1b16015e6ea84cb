/*
 * evict_round.h - taking some images out, once. For evict.c.
 */
#ifndef LARDER_MIRROR_EVICT_ROUND_H
#define LARDER_MIRROR_EVICT_ROUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/evict.h"
#include "store/marks.h"
#include "store/publish.h"

struct lru;

struct evict_round {
	const struct evict_ask *ask;
	struct publishing *publishing;
	const atomic_bool *stop;
	/* What images led to that were taken out, in this round and those before: some of
	 * it may not have been freed. */
	struct marks *went;
	/* what came of it */
	uint64_t images, weight; /* taken out, and what they had, shared or not */
	uint64_t freed;		 /* bytes */
	uint64_t young_bytes;	 /* that will be free in a moment */
	uint64_t held;		 /* images that may never go */
	bool later;		 /* more may go in a moment */
	bool busy;		 /* another collection runs: nothing could be freed */
	/* while it runs */
	bool all; /* went is not complete */
	struct plan *plan;
	struct lru *lru;
	struct usage_reader *usage;
};

/* The oldest images that weigh `need` bytes, then a collection of what they led to; 0, or
 * none was to be had: of everything. -1: *e; what was done is said in any case. */
int evict_round_run(struct evict_round *r, uint64_t need, struct err *e);

#endif
