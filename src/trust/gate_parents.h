/*
 * gate_parents.h - the tags that lead to a manifest in the store, and the indexes that
 * name it, among those that tags lead to. For who asks by digest: what counts is the
 * tag's policy, and of a platform's manifest its index's signature. Local files only. Any
 * thread.
 */
#ifndef LARDER_TRUST_GATE_PARENTS_H
#define LARDER_TRUST_GATE_PARENTS_H

#include <stddef.h>

#include "oci/digest.h"
#include "oci/reference.h"
#include "store/mcache.h"
#include "store/store.h"

#define GATE_PARENTS_TAGS 1000 /* tags that are looked at, in byte order */
#define GATE_PARENTS_MAX 8
#define GATE_PARENTS_BYTES (16u << 20) /* of manifests that are read for one answer */

struct gate_parent {
	struct stored *index; /* a reference; or the manifest itself */
	char tag[TAG_MAX_BYTES + 1];
};

/* How many there are; out is of GATE_PARENTS_MAX. The same index may come by several
 * tags: once for each. */
size_t gate_parents_find(struct store *s, const struct reponame *name,
			 const struct digest *d, struct gate_parent *out);

#endif
