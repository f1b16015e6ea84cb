/*
 * lock_items.h - what `larder lock` works on: an item for each image, and what became of
 * it.
 */
#ifndef LARDER_APP_LOCK_ITEMS_H
#define LARDER_APP_LOCK_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/imageargs.h"
#include "base/err.h"
#include "mirror/route.h"
#include "oci/lockfile.h"

enum lock_result {
	LOCK_NONE,
	/* of making locks */
	LOCK_NEW,	/* it was not locked before */
	LOCK_MOVED,	/* to another digest, on purpose */
	LOCK_SAME,	/* asked, and it is where it was */
	LOCK_KEPT,	/* it was locked already, and nobody asked */
	LOCK_REMOVED,	/* it is not locked any more */
	LOCK_BY_DIGEST, /* it has no tag: there is nothing to lock */
	LOCK_STALE, /* locked to the copy that is here: its upstream could not be asked */
	/* of checking them */
	LOCK_OK,
	LOCK_DRIFT,    /* the upstream's tag is elsewhere */
	LOCK_MISSING,  /* not all of it is in the store */
	LOCK_UNLOCKED, /* it is not in the lock file */
	/* of both; a lock stays as it was */
	LOCK_GONE,    /* the upstream has no such tag any more */
	LOCK_UNKNOWN, /* the upstream could not be asked */
	LOCK_FAILED,
	LOCK_RESULTS,
};

const char *lock_result_word(enum lock_result r); /* "new", ...; static */

struct lock_item {
	const struct imagearg *arg; /* borrowed */
	enum lock_result result;
	bool named;		     /* image and before are known: */
	struct lockfile_entry entry; /* its canonical name; once it is locked, all */
	bool had;		     /* it was locked, ... */
	struct digest before;	     /* ... to this */
	bool has_upstream;	     /* with DRIFT: where the upstream's tag is */
	struct digest upstream;
	bool incomplete; /* with DRIFT or GONE: besides, not all of it is here */
	struct err err;	 /* with STALE, UNKNOWN and FAILED */
};

struct lock_items {
	struct lock_item *item;
	size_t n;
};

/* One for each image of args, named as the plan says, with what l locks it to. Those that
 * are bad or cannot be locked have failed already. */
void lock_items_make(struct lock_items *items, const struct imageargs *args,
		     struct plan *p, const struct lockfile *l);
void lock_items_done(struct lock_items *items);
size_t lock_items_count(const struct lock_items *items, enum lock_result r);

#endif
