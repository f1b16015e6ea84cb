/*
 * warm.h - bring a whole image into the store, as one who pulls it would: the tag
 * compared with its upstream now, the manifests of the wanted platforms, their blobs.
 *
 * Blocks until all of it is here or cannot be: for threads of a command or a schedule.
 * Any number may run at once; they share flights and checks with each other and with
 * those who pull. Ended early by mirror_cancel (ERR_CANCELLED); what has come by then is
 * gone on with the next time.
 */
#ifndef LARDER_MIRROR_WARM_H
#define LARDER_MIRROR_WARM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/drift.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/visit.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"

#define WARM_MAX_THINGS 20000 /* manifests and blobs of one image */

/* Which platforms of an index, with the attestations about them. */
struct warm_wish {
	const struct platform *platform; /* borrowed */
	size_t n;			 /* 0: all */
	bool as_locked; /* of a locked tag, its upstream is not asked where it is */
};

/* How far it is; others may look while it goes on. */
struct warm_progress {
	atomic_uint blobs, blobs_done;
	atomic_ullong bytes,
		bytes_done;    /* of the blobs; grows as manifests become known */
	atomic_ullong fetched; /* of bytes_done, those that came by a download */
};

struct warm_done {
	struct digest digest; /* where the reference is now */
	bool had;	      /* it was cached before, ... */
	struct digest before; /* ... at this digest */
	struct drift_view lock;
	bool complete; /* nothing had to be fetched */
	bool stale; /* the upstream could not be asked; it is the copy, all of it here */
	struct err why; /* with stale */
};

/* who: VISIT_PERSON or VISIT_BACKGROUND (mirror/visit.h). p: zeroed by the caller. Errors
 * as in ask_manifest.h, for what hindered first; what can be had is fetched nonetheless.
 * ERR_NOT_FOUND also: the index has none of the platforms; ERR_NO_SPACE: the disk is
 * full; ERR_LIMIT: over WARM_MAX_THINGS. */
int warm_image(struct mirror *m, const struct route *r, const struct reference *ref,
	       const struct warm_wish *wish, enum visit_for who, struct warm_progress *p,
	       struct warm_done *out, struct err *e);

/* What warm_image would find: where the reference is at its upstream (one HEAD, which
 * costs no quota; none for a digest or a pinned tag), and whether all of it is here.
 * Changes nothing. */
struct warm_look {
	bool had;	      /* there is a copy, ... */
	struct digest before; /* ... at this digest */
	struct digest digest; /* at the upstream; of a locked tag the lock's */
	struct drift_view lock;
	bool complete; /* all of `digest` is here */
};
int warm_look(struct mirror *m, const struct route *r, const struct reference *ref,
	      const struct warm_wish *wish, enum visit_for who, struct warm_look *out,
	      struct err *e);

#endif
