/*
 * ask_referrers.h - what refers to a manifest of a mirrored repository.
 *
 * The upstream's own list; where it has none (404), the one that clients keep under a
 * tag. Kept in the store, and as fresh as that tag would have to be; also when it is
 * empty, since some clients ask at every pull.
 */
#ifndef LARDER_MIRROR_ASK_REFERRERS_H
#define LARDER_MIRROR_ASK_REFERRERS_H

#include "mirror/visit.h"

#define ASK_REFERRERS_MAX_BYTES (8u << 20)

/* Appends to out, as oci/referrer.h lists them; with ANSWER_READY only. r is of an
 * upstream. *stale_s: -1, or how old the list is that could not be compared. */
enum answer ask_referrers(struct mirror *m, const struct route *r,
			  const struct digest *subject, struct visit *v, struct buf *out,
			  int64_t *stale_s, struct err *e);

#endif
