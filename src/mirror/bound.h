/*
 * bound.h - how many bytes a blob may have, as the manifests say that name it.
 */
#ifndef LARDER_MIRROR_BOUND_H
#define LARDER_MIRROR_BOUND_H

#include <stdint.h>

#include "mirror/sizes.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

/* What sizes knows, or else (larder has been started since, or has forgotten) the
 * repository's manifests that are here: these are read, at most 1,024 of them, and noted
 * in sizes. otherwise: none of them names it. Reads local files; any thread. */
uint64_t bound_of(struct store *s, struct sizes *sizes, const struct reponame *name,
		  const struct digest *d, uint64_t otherwise);

#endif
