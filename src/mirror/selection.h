/*
 * selection.h - what of an image is wanted: the children of its manifests that a wish for
 * platforms leaves.  Pure.
 */
#ifndef LARDER_MIRROR_SELECTION_H
#define LARDER_MIRROR_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "mirror/warm.h"
#include "oci/manifest.h"

/* Is child i of m wanted? Of an index: an entry of a wished platform, one that is about
 * such an entry, and one that names no platform; of an image: all but foreign layers. */
bool selection_wants(const struct manifest *m, size_t i, const struct warm_wish *wish);
/* An index must have something of the wish. ERR_NOT_FOUND says which platforms it has.
 * name: for the message. */
int selection_check(const struct manifest *m, const struct warm_wish *wish,
		    const char *name, struct err *e);

#endif
