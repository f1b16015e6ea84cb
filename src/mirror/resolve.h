/*
 * resolve.h - ask_manifest for threads that wait: a manifest by tag or digest, brought
 * into the store.
 */
#ifndef LARDER_MIRROR_RESOLVE_H
#define LARDER_MIRROR_RESOLVE_H

#include "mirror/ask_manifest.h"

/* Blocks until it is here (found->m is a reference) or cannot be had. A tag is compared
 * with its upstream now; of a locked one what it is locked to is brought, and the tag set
 * to it, and with as_locked its upstream is not asked about the tag. Where a copy could
 * not be compared, found->stale is set and *e says why. */
int resolve_manifest(struct mirror *m, const struct route *r, const struct reference *ref,
		     enum visit_for who, bool as_locked, struct found_manifest *found,
		     struct err *e);

/* Where a reference is: at its upstream (one HEAD; none of a digest, or of a pinned tag
 * that is cached, at *had), and of a locked tag what it is locked to; as_locked as above.
 * Blocks; changes nothing. */
int resolve_look(const struct route *r, const struct reference *ref,
		 const struct digest *had, bool as_locked, struct digest *digest,
		 struct drift_view *lock, struct err *e);

#endif
