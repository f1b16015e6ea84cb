/*
 * pace.h - how often an upstream is asked whether what is here is still current.
 *
 * Such checks cost no quota, but registries count all requests, and refuse those who make
 * too many. A hundred may come at once, then ten a second; for one that comes over that,
 * the copy goes out, marked stale, and a later request brings the check. What is not here
 * is never held up by it. Kept for each upstream of the present settings.
 */
#ifndef LARDER_MIRROR_PACE_H
#define LARDER_MIRROR_PACE_H

#include <stdbool.h>

#include "base/err.h"
#include "mirror/route.h"

#define PACE_PER_S 10
#define PACE_BURST 100

/* For a client's check. -1: not now (ERR_BUSY). Any thread; does not wait. */
int pace_check(struct site *s, struct err *e);
/* For a check of a command or a schedule: waits for its turn, a few seconds at most. In
 * the background, half of a burst is left to clients. Returns early when larder stops. */
void pace_wait(struct site *s, bool background);

#endif
