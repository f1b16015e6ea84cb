/*
 * manifest_here.h - a manifest that a client may be given without a question.
 */
#ifndef LARDER_MIRROR_MANIFEST_HERE_H
#define LARDER_MIRROR_MANIFEST_HERE_H

#include "base/err.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "oci/digest.h"
#include "store/mcache.h"

/* From disk or, where that was full, from memory; a reference. What it says of its blobs'
 * sizes is noted, so that a file that was cut is noticed. NULL: *e, as mstore_get has it.
 * Any thread. */
struct stored *manifest_here(struct mirror *m, const struct route *r,
			     const struct digest *d, struct err *e);

#endif
