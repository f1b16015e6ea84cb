/*
 * pull_inside.h - what changed inside the images that `larder update` finds moved.
 */
#ifndef LARDER_APP_PULL_INSIDE_H
#define LARDER_APP_PULL_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/changes.h"
#include "app/gather.h"
#include "app/imageargs.h"

struct pull_inside {
	/* filled by the caller; borrowed */
	struct gather *gather;
	const struct imageargs *images; /* their batch is over */
	bool look;			/* nothing was moved: it is what would be */
	bool fetch; /* what is missing for it; else only what is here is compared */
	unsigned at_once;
	/* its own */
	struct imageargs fetched; /* by digest */
	size_t unknown; /* images that moved and could not be compared, so far */
	size_t absent;	/* of them, those of which something is not here */
};

/* With `fetch`: brings what is missing, by digest, so that no tag moves. pull_inside_done
 * in any case. */
void pull_inside_fetch(struct pull_inside *in);
void pull_inside_done(struct pull_inside *in);
/* Of an image that moved: 0 and *out (changes_done), or -1 and why it is not known. */
int pull_inside_find(struct pull_inside *in, const struct imagearg *image,
		     struct changes *out, struct err *e);

#endif
