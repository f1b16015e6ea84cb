/*
 * trial.h - a tag has moved: can what it leads to now be had, before it is believed?
 *
 * While the new manifest is all that is here, a registry that fails in the middle, or a
 * content network that is down, would turn an image that pulls into one that does not. So
 * of what clients will ask for next the smallest is fetched first: the configuration and,
 * of an index, the manifest of the platform that is wanted, as far as the client has said
 * so, or else of the only one that is here. Nothing is fetched that would not be anyway
 * (but where a client pulls for another platform than its own).
 */
#ifndef LARDER_MIRROR_TRIAL_H
#define LARDER_MIRROR_TRIAL_H

#include <stdbool.h>

#include "base/err.h"
#include "mirror/fetch.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "oci/digest.h"
#include "oci/platform.h"

/* 0: it can, or there is nothing to lose (the former is not whole), or it cannot be told
 * (several platforms are here, and none of them is known to be wanted). -1: *e says what
 * did not come. wanted: may be empty. Blocks, at most as long as one download's attempts;
 * pool threads only. how: for the manifest. */
int trial_run(struct mirror *m, const struct route *r, const struct digest *had,
	      const struct digest *now, const struct platform *wanted,
	      const struct fetch_how *how, struct err *e);

/* The same later, for a client of a platform that the first who asked was not of, and
 * that is here of a former image: is there anything to try of what the tag leads to? Any
 * thread. False where no platform is wanted. */
bool trial_is_due(struct mirror *m, const struct route *r, const struct digest *now,
		  const struct platform *wanted);
/* As trial_run. */
int trial_platform(struct mirror *m, const struct route *r, const struct digest *now,
		   const struct platform *wanted, const struct fetch_how *how,
		   struct err *e);

#endif
