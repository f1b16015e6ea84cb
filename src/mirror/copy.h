/*
 * copy.h - images of the store to another registry.
 *
 * A copier is one destination. It remembers, for as long as it lives, which of the
 * destination's repositories have which blobs, so that blobs which images share are sent
 * once and mounted elsewhere; two images that need the same blob at the same time send it
 * once, too.
 */
#ifndef LARDER_MIRROR_COPY_H
#define LARDER_MIRROR_COPY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"
#include "upstream/upstream.h"

#define COPY_BLOBS_AT_ONCE 3 /* of one image, as Docker does */
#define COPIER_MAX_KNOWN 100000

struct copier;

/* Keeps a reference to `to`. */
struct copier *copier_new(struct upstream *to);
void copier_free(struct copier *c); /* NULL is fine; no copy is under way */

/* Zeroed by the caller; may be read at any time while the copy goes on. Each copy has its
 * own. */
struct copy_progress {
	atomic_uint blobs, blobs_done; /* that the image has; sent, mounted or there */
	atomic_uint mounted, present;  /* of blobs_done: by a mount; were there already */
	atomic_uint manifests;	       /* that were put */
	atomic_ullong bytes, bytes_done; /* of the blobs */
	atomic_ullong sent; /* bytes that went, those of failed attempts too */
};

struct copy_job {
	struct store *store;
	const struct reponame *from; /* the store's repository */
	const struct digest *digest; /* a manifest or an index in it */
	const struct reponame *name; /* the destination's repository */
	const char *tag;	     /* NULL: by digest only */
	/* Of an index only the manifest for this platform, which then has the tag, under
	 * its own digest; NULL: the index with all that it names. */
	const struct platform *platform;
	struct copy_progress *progress; /* or NULL */
};

/* Blocks; any number at once. Blobs before manifests, children before the index, the tag
 * last; bytes and digests unchanged; only what the destination lacks is sent. Foreign
 * layers are left out. *current: the tag (or, without one, the digest) was there already,
 * and nothing was sent. *pushed (may be NULL): the digest that is now under the tag.
 *
 * ERR_NOT_FOUND: something is not in the store (the message says what; an index lacks
 * children when only some platforms were fetched: wish for one), or no such platform.
 * ERR_CORRUPT: a blob of the store does not match its digest, or the registry says so.
 * Else as push.h says; passing trouble has been retried. */
int copy_image(struct copier *c, const struct copy_job *job, struct digest *pushed,
	       bool *current, struct err *e);

#endif
