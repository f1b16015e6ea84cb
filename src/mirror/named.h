/*
 * named.h - an image as people write it, as a place in the store.
 */
#ifndef LARDER_MIRROR_NAMED_H
#define LARDER_MIRROR_NAMED_H

#include "base/err.h"
#include "mirror/route.h"
#include "oci/imageref.h"

/* Names without a host are Docker Hub's, whatever the default upstream is called, unless
 * they live here. Tag and digest are not looked at. ERR_NOT_FOUND: its registry is not
 * configured. On success route_done releases. */
int named_route(struct plan *p, const struct imageref *r, struct route *out,
		struct err *e);

#endif
