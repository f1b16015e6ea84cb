/*
 * gaps.h - what could not be read, collected. One thread at a time.
 */
#ifndef LARDER_TRUST_GAPS_H
#define LARDER_TRUST_GAPS_H

#include <stddef.h>

#include "trust/contents.h"

struct gaps {
	struct contents_gap *at; /* its texts are its own */
	size_t n, room;
};

/* At most CONTENTS_MAX_GAPS; the last one then says that there are more. */
__attribute__((format(printf, 4, 5))) void gaps_add(struct gaps *g, size_t layer,
						    const char *path, const char *fmt,
						    ...);
void gaps_done(struct gaps *g); /* it is empty and usable again */

#endif
