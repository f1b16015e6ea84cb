/*
 * throttle.h - what is not asked of an upstream: because it would be in vain
 * (upstream/may.h), or because it is asked too much.
 *
 * Checks whether what is here is still current cost no quota, but registries count all
 * requests, and refuse those who make too many. A hundred checks may come at once, then
 * ten a second; for one that comes over that, the copy goes out, marked stale, and a
 * later request brings the check. What is not here is never held up by it. Kept for each
 * upstream of the present settings.
 */
#ifndef LARDER_MIRROR_THROTTLE_H
#define LARDER_MIRROR_THROTTLE_H

#include <stdbool.h>

#include "base/err.h"
#include "mirror/route.h"
#include "upstream/may.h"

#define THROTTLE_PER_S 10
#define THROTTLE_BURST 100

/* As upstream_may, and for a client's CHECK the rate as well (ERR_BUSY). A refusal is
 * counted in larder_work_refused_total. r is of an upstream. Any thread; does not wait.
 */
int throttle_may(const struct route *r, enum upstream_want want, bool client,
		 struct err *e);
/* Before a check of a command or a schedule: waits for its turn, a few seconds at most.
 * In the background, half of a burst is left to clients. Returns early when larder stops.
 */
void throttle_wait(struct site *s, bool background);

#endif
