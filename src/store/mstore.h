/*
 * mstore.h - manifests in repositories.
 *
 * A manifest is a blob with a revision link in the repository. Its Content-Type is what
 * its bytes say (oci/manifest.h); where an upstream said another, that is kept beside and
 * given out again exactly; the last to put it decides. Any thread.
 */
#ifndef LARDER_STORE_MSTORE_H
#define LARDER_STORE_MSTORE_H

#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/mcache.h"
#include "store/store.h"

/* A reference the caller releases. The bytes have been hashed since they were read from
 * disk. ERR_NOT_FOUND: not in this repository; ERR_CORRUPT: the file does not match its
 * digest or is no manifest (nothing is removed; see blob_remove). */
int mstore_get(struct store *s, const struct reponame *name, const struct digest *d,
	       struct stored **out, struct err *e);
/* The same, as it parses (manifest_done); *bytes (may be NULL): how long it is. */
int mstore_parsed(struct store *s, const struct reponame *name, const struct digest *d,
		  struct manifest *out, size_t *bytes, struct err *e);
/* The same bytes, whichever repository has them: for linking them into another. */
int mstore_load(struct store *s, const struct digest *d, struct stored **out,
		struct err *e);
/* As mstore_get, for who looks at many once: those in memory stay the ones that are
 * served. */
int mstore_peek(struct store *s, const struct reponame *name, const struct digest *d,
		struct stored **out, struct err *e);
/* Store m, whose bytes match its digest and parse as `parsed`, into the repository:
 * bytes, type and link are on disk on return. The blobs it names become visible in the
 * repository (as links; they need not be there yet). */
int mstore_put(struct store *s, const struct reponame *name, struct stored *m,
	       const struct manifest *parsed, struct err *e);
/* The same for one that a client pushed: what it names becomes visible by that no more
 * than it was. */
int mstore_push(struct store *s, const struct reponame *name, struct stored *m,
		const struct manifest *parsed, struct err *e);

#endif
