/*
 * retire.h - images that may go: which there are, when each was last used, what holds
 * them.
 *
 * An image is a tag, or a manifest without one that no other such manifest names. Blocks
 * on the disk: not for a thread that serves.
 */
#ifndef LARDER_MIRROR_RETIRE_H
#define LARDER_MIRROR_RETIRE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/route.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"
#include "store/usage.h"

enum retire_hold {
	RETIRE_FREE,
	RETIRE_LOCAL,  /* lives here: there is nowhere to have it from again */
	RETIRE_PINNED, /* larder.tags says so */
	RETIRE_LOCKED, /* what a locked tag stands for */
	RETIRE_LISTED, /* on a list of images that are to be here */
	RETIRE_HOLDS
};

const char *retire_hold_word(enum retire_hold h); /* "local", ...; "" for FREE. Static. */

struct retire_image {
	struct reponame repository;  /* in the store */
	char shown[ROUTE_SHOWN_MAX]; /* as people write it, without the tag */
	char tag[TAG_MAX_BYTES + 1]; /* "": none */
	bool has_digest;	     /* false: a tag that cannot be read */
	struct digest digest;
	int64_t used_ms;   /* last use, else when it came; wall clock; 0: not known */
	int64_t stored_ms; /* when it came */
	enum retire_hold hold;
};

struct retire_ask {
	struct store *store;
	struct plan *plan;
	struct usage_reader *usage; /* NULL: nothing is known of uses */
	/* Is it on a list? By its repository, tag and digest. NULL: none is. */
	bool (*is_listed)(void *arg, const struct retire_image *im);
	void *arg;
	const atomic_bool *stop; /* ends it soon, with ERR_CANCELLED. NULL: never */
};

/* Every image of the store, in the order of repositories; tags that clients keep for
 * signatures and the like are no images, they go with what they are about. fn returns 0
 * to go on; anything else ends it and is returned. */
int retire_each(const struct retire_ask *ask,
		int (*fn)(void *arg, const struct retire_image *im, struct err *e),
		void *arg, struct err *e);

#endif
