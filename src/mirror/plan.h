/*
 * plan.h - all that an image of the store consists of, in the order in which a registry
 * wants it.
 */
#ifndef LARDER_MIRROR_PLAN_H
#define LARDER_MIRROR_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "store/mstore.h"

#define PLAN_MAX_MANIFESTS 4096
#define PLAN_MAX_BLOBS 65536
#define PLAN_MAX_DEPTH 4 /* indexes that name indexes */

struct plan_manifest {
	struct stored *m;
	struct manifest parsed;
	/* Its own blobs, as places in plan.blob. */
	size_t *blob, nblobs;
	bool present; /* for the user of the plan: it is there already */
};

struct plan_blob {
	struct digest digest;
	uint64_t size;
	bool wanted; /* for the user of the plan */
};

struct plan {
	/* Children before what names them, the root last; each once. */
	struct plan_manifest *manifest;
	size_t nmanifests;
	struct plan_blob *blob; /* each once, no foreign layers */
	size_t nblobs;
};

/* Of a manifest or index in a repository of the store; with a platform, of its manifest
 * for that alone (choose.h). Everything is there, by name and size. ERR_NOT_FOUND says
 * what is not; ERR_INVALID: schema 1; ERR_LIMIT: more than the limits above. */
int plan_make(struct store *s, const struct reponame *from, const struct digest *d,
	      const struct platform *platform, struct plan *out, struct err *e);
void plan_done(struct plan *p); /* also when zeroed */

#endif
