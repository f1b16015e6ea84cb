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
#include "base/removal.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/marks.h"
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

/* The same of many, with one wait for the disk: names go at once, and for good with
 * removal_last. First tags: those given that are still at the digests given (no digest:
 * those that cannot be read); then every tag at one of these manifests; then
 * removal_last; then the manifests. */
struct publish_tag {
	const char *tag;
	const struct digest *at; /* NULL: it cannot be read */
};
int publish_drop_tags(struct publishing *p, const struct reponame *name,
		      const struct publish_tag *tag, size_t ntags,
		      const struct marks *manifests, const char *from, struct removal *r,
		      struct err *e);
/* Those to which a tag leads by now stay, and so do those that are gone already. */
int publish_drop(struct publishing *p, const struct reponame *name,
		 const struct digest *d, size_t n, struct removal *r, struct err *e);

#endif
