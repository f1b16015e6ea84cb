/*
 * parts.h - all that an image consists of, in the order in which a registry wants it: one
 * of the store, or of whatever else can say what it has.
 */
#ifndef LARDER_MIRROR_PARTS_H
#define LARDER_MIRROR_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "mirror/warm.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "store/mstore.h"

#define PARTS_MAX_MANIFESTS 4096
#define PARTS_MAX_BLOBS 65536
#define PARTS_MAX_DEPTH 4 /* indexes that name indexes */

struct parts_manifest {
	struct stored *m;
	struct manifest parsed;
	/* Its own blobs, as places in parts.blob. */
	size_t *blob, nblobs;
	bool present; /* for the user of the parts: it is there already */
};

struct parts_blob {
	struct digest digest;
	uint64_t size;
	bool wanted; /* for the user of the parts */
};

struct parts {
	/* Children before what names them, the root last; each once. */
	struct parts_manifest *manifest;
	size_t nmanifests;
	struct parts_blob *blob; /* each once, no foreign layers */
	size_t nblobs;
};

/* Of a manifest or index in a repository of the store; with a platform, of its manifest
 * for that alone (choose.h). Everything is there, by name and size. ERR_NOT_FOUND says
 * what is not; ERR_INVALID: schema 1; ERR_LIMIT: more than the limits above. */
int parts_make(struct store *s, const struct reponame *from, const struct digest *d,
	       const struct platform *platform, struct parts *out, struct err *e);

/* Where manifests and blobs are looked for. */
struct parts_source {
	/* A reference the caller releases; ERR_NOT_FOUND: it is not there. root: not
	 * because an index names it. */
	int (*manifest)(void *arg, const struct digest *d, bool root, struct stored **out,
			struct err *e);
	bool (*blob)(void *arg, const struct digest *d, uint64_t *size);
	void *arg;
	const char *place; /* "in the store"; what to do about it follows */
};

/* An image or index as it is, with the wished manifests of each index (selection.h; those
 * that are about others need not be there); wish NULL: with those that are there. Errors
 * as above; ERR_NOT_FOUND also: an index has nothing of the wish, or nothing of it is
 * there. */
int parts_walk(const struct parts_source *from, const struct digest *root,
	       const struct warm_wish *wish, struct parts *out, struct err *e);
void parts_done(struct parts *p); /* also when zeroed */

/* Does find know every blob that the manifest names, with the size that it says? Foreign
 * layers are nobody's, and manifests are not asked about. */
bool parts_are_here(const struct stored *m,
		    bool (*find)(void *arg, const struct digest *d, uint64_t *size),
		    void *arg);

#endif
