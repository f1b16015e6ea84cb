/*
 * retry.h - when to try again: capped exponential back-off with jitter.
 *
 *	struct retry r = RETRY_INIT(deadline_ms);
 *	do
 *		rc = upstream_head_manifest(..., &e);
 *	while (rc != 0 && retry_again(&r, &e));
 */
#ifndef LARDER_UPSTREAM_RETRY_H
#define LARDER_UPSTREAM_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct retry {
	int64_t deadline_ms; /* monotonic; no new attempt begins after it */
	unsigned failed;     /* attempts so far */
	unsigned refused;    /* of them, in a row: refused, or wrong bytes */
	unsigned max;	     /* attempts in all */
};

/* Six attempts take about three seconds: longer than a passing fault, shorter than
 * people's patience. */
#define RETRY_INIT(deadline) ((struct retry){ .deadline_ms = (deadline), .max = 6 })

/* After a failure: whether to try again, after a wait. Passing trouble (UPSTREAM unless
 * lasting: breaker.h has waited already; and BUSY with a short retry_after_s) is tried
 * until attempts or time are used up: 100 ms
 * doubling to 5 s, each less a random part up to a quarter, not below a retry_after_s
 * that was given. A refusal (DENIED) gets two more tries, after 300 and 600 ms, since a
 * token service or a registry that loses its mind for a moment looks the same (but none
 * where the credentials themselves were refused: logins.h); wrong
 * bytes (CORRUPT), or without end (LIMIT), get one, after a second. All else is lasting.
 * False also when larder is stopping. Blocks; ends early on upstream_cancel_all. */
bool retry_again(struct retry *r, const struct err *e);
/* Progress was made: the count starts again. */
void retry_progress(struct retry *r, int64_t new_deadline_ms);

#endif
