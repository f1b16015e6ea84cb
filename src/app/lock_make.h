/*
 * lock_make.h - where tags are now, for a lock file; and whether they still are.
 */
#ifndef LARDER_APP_LOCK_MAKE_H
#define LARDER_APP_LOCK_MAKE_H

#include "app/gather.h"
#include "app/lock_items.h"

struct lock_make_how {
	const struct platform *wish; /* for images that name none of their own; */
	size_t nwishes;		     /* 0: what was wished before */
	bool has_asof;		     /* by what the store knows of where tags were ... */
	int64_t asof_ms; /* ... then (store/history.h), not by where they are */
	unsigned at_once;
};

/* Asks the upstreams for the items without a result, several at once, by g, whose plan
 * has no lock: each becomes an entry in full (NEW, MOVED, SAME, STALE) or FAILED. Of a
 * tag that is written with a digest that digest is taken, if the upstream has it. */
void lock_make_entries(struct gather *g, struct lock_items *items, struct imageargs *args,
		       const struct lockfile *l, const struct lock_make_how *how);

enum lock_make_where { LOCK_MAKE_BOTH, LOCK_MAKE_UPSTREAM, LOCK_MAKE_STORE };

/* Compares the items without a result with their upstreams (HEADs) and with the store;
 * g's plan has the lock. */
void lock_make_check(struct gather *g, struct lock_items *items, struct imageargs *args,
		     enum lock_make_where where, unsigned at_once);

#endif
