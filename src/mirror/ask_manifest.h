/*
 * ask_manifest.h - a manifest by digest or by tag: from the store, or by way of an
 * upstream, without blocking (mirror/visit.h).
 *
 * Errors: NOT_FOUND (certain: here, or the upstream says so), DENIED, BUSY (429 or full
 * of work), UPSTREAM, CORRUPT, LIMIT, IO as those who found them said.
 */
#ifndef LARDER_MIRROR_ASK_MANIFEST_H
#define LARDER_MIRROR_ASK_MANIFEST_H

#include "mirror/drift.h"
#include "mirror/visit.h"
#include "store/mcache.h"

struct found_manifest {
	struct stored *m; /* a reference */
	bool stale;	  /* the tag is due, and the upstream did not confirm it */
	bool gone;	  /* stale, because the upstream does not have it any more */
	int64_t age_s;	  /* since the tag was last checked; -1: not a mirrored tag,
			     or a locked one */
	struct drift_view lock;
};

enum answer ask_manifest(struct mirror *m, const struct route *r,
			 const struct reference *ref, struct visit *v,
			 struct found_manifest *out, struct err *e);

#endif
