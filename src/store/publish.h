/*
 * publish.h - manifests and tags that people put and remove on purpose.
 *
 * One change at a time in a repository, in an order that leaves nothing wrong where it
 * ends early: what is named is there before its name. On disk on return. The calls block
 * for as long as the disk takes; any thread.
 */
#ifndef LARDER_STORE_PUBLISH_H
#define LARDER_STORE_PUBLISH_H

#include <stddef.h>

#include "base/err.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/mcache.h"
#include "store/store.h"

struct publishing;

struct publishing *publishing_new(struct store *s); /* borrowed */
void publishing_free(struct publishing *p);

/* Is everything that the manifest names in the repository? Foreign layers and the subject
 * need not be; with `sparse`, an index's manifests neither. ERR_NOT_FOUND names the first
 * that is missing. */
int publish_check(struct store *s, const struct reponame *name,
		  const struct manifest *parsed, bool sparse, struct err *e);
/* Store m, whose bytes match its digest and parse as `parsed`; note it as a referrer of
 * its subject; then set the tags, each of which is a valid tag. from: what their
 * histories say of it (store/history.h). */
int publish_put(struct publishing *p, const struct reponame *name, struct stored *m,
		const struct manifest *parsed, const char *const *tags, size_t ntags,
		const char *from, struct err *e);
/* The manifest and every tag at it; ERR_NOT_FOUND. Its bytes stay for who else has them.
 * from, in both: as above; NULL: nothing is noted, since a mirror's copy goes, and the
 * tag is where it is. */
int publish_remove(struct publishing *p, const struct reponame *name,
		   const struct digest *d, const char *from, struct err *e);
int publish_untag(struct publishing *p, const struct reponame *name, const char *tag,
		  const char *from, struct err *e); /* ERR_NOT_FOUND */

#endif
