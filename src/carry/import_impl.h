/*
 * import_impl.h - what is brought, for the files that plan and do it. Not for other
 * folders.
 */
#ifndef LARDER_CARRY_IMPORT_IMPL_H
#define LARDER_CARRY_IMPORT_IMPL_H

#include "base/map.h"
#include "carry/import.h"
#include "store/publish.h"

struct import {
	struct import_job *job;
	struct map *wanted; /* by digest: a struct import_blob */
	struct digest *want;
	size_t nwant;
	struct publishing *publishing;
	int64_t touched_ms; /* monotonic */
	char *piece;
};

/* A blob that the store lacks. */
struct import_blob {
	bool is_here; /* by now */
	struct err why;
};

/* The manifest from the bundle, or else from the store. */
int import_plan_manifest(struct import *x, const struct digest *d, struct stored **out,
			 struct err *e);

/* What the bundle calls it, as a name here: image->shown, repo and tag. */
int import_name(const struct import_job *job, const struct bundle_image *from,
		bool is_only, struct import_image *image, struct err *e);

/* import_keep.c: from now on the blobs of all images that are here stay, as long as the
 * job and this do. NULL: no thread was to be had (logged). */
struct import_keeper *import_keep(const struct import_job *job);
void import_keep_end(struct import_keeper *k); /* NULL is fine */

#endif
