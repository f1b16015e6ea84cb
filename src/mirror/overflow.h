/*
 * overflow.h - manifests that the disk had no room for, in memory, per repository.
 *
 * At most 16 MiB; past that all are forgotten (they can be fetched again). Any thread.
 */
#ifndef LARDER_MIRROR_OVERFLOW_H
#define LARDER_MIRROR_OVERFLOW_H

#include "oci/digest.h"
#include "oci/reference.h"
#include "store/mcache.h"

struct overflow;

struct overflow *overflow_new(void);
void overflow_free(struct overflow *o);
void overflow_put(struct overflow *o, const struct reponame *name, struct stored *m);
/* A reference, or NULL. */
struct stored *overflow_get(struct overflow *o, const struct reponame *name,
			    const struct digest *d);

#endif
