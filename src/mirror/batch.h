/*
 * batch.h - many images, some of them at once, each brought to its end whatever becomes
 * of the others.
 *
 * One thread fills a batch, starts it and waits for it, looking at its images meanwhile;
 * the work is done by threads of the batch's own.
 */
#ifndef LARDER_MIRROR_BATCH_H
#define LARDER_MIRROR_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/copy.h"
#include "mirror/load.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/warm.h"
#include "oci/imagelist.h"

#define BATCH_MAX_AT_ONCE 32

enum batch_phase {
	BATCH_WAITING,	/* not begun */
	BATCH_FETCHING, /* into the store */
	BATCH_HANDING,	/* to the target */
	BATCH_OVER,
};

enum batch_result {
	BATCH_NONE,    /* not over */
	BATCH_NEW,     /* it was not here, or not all of it */
	BATCH_MOVED,   /* its tag had been elsewhere */
	BATCH_CURRENT, /* it was here, and its upstream says it is the same */
	BATCH_STALE,   /* it is here, but its upstream could not be asked: err */
	BATCH_DONE,    /* with `via`: the other cache has it */
	BATCH_FAILED,  /* err */
};

const char *batch_result_word(enum batch_result r); /* "new", ...; static */

struct batch_image {
	/* filled by the caller */
	struct imageref image;
	struct platform platform[IMAGELIST_MAX_PLATFORMS];
	size_t nplatforms; /* 0: all */
	bool as_locked;	   /* of a locked tag, its upstream is not asked where it is */
	/* its own, to be looked at while it runs */
	struct route route; /* once it has begun, and only if it has one */
	struct warm_progress progress;
	struct load_progress loading; /* to an engine; or */
	struct copy_progress copying; /* to a registry; for `hand` to fill */
	_Atomic(enum batch_phase) phase;
	/* once phase is BATCH_OVER */
	enum batch_result result;
	bool handed; /* the target got something that it did not have */
	struct warm_done done;
	struct err err;
	int64_t took_ms;
};

struct batch {
	/* filled by the caller; borrowed */
	struct plan *plan;     /* whose upstream an image is */
	struct mirror *mirror; /* NULL with `via` */
	struct batch_image **image;
	size_t n;
	unsigned at_once; /* images; 1 to BATCH_MAX_AT_ONCE */
	enum visit_for who;
	/* In place of all that follows: once im->route is known. NULL: not. */
	int (*work)(void *arg, struct batch_image *im, struct err *e);
	bool look; /* change nothing, say what would be (NEW, MOVED, CURRENT) */
	struct upstream *via; /* another cache that is to have them; NULL: the store */
	/* Hand an image that is in the store to wherever it is wanted. *handed: it was
	 * not there already. NULL: nowhere. On threads of the batch. */
	int (*hand)(void *arg, struct batch_image *im, bool *handed, struct err *e);
	void *arg;
	/* its own */
	struct batch_run *run;
};

void batch_start(struct batch *b);
/* True: all are over. False: not after so many ms (negative: as long as it takes). */
bool batch_wait(struct batch *b, int64_t ms);
/* Images that have not begun will not: they fail with ERR_CANCELLED. For those under way
 * see mirror_cancel. */
void batch_cancel(struct batch *b);
void batch_end(struct batch *b); /* waits; releases what is the batch's own */

#endif
