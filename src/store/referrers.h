/*
 * referrers.h - which manifests of a repository say that they are about another (their
 * `subject`).
 *
 * One empty file each, in larder's own folder; the manifests are the truth. Any thread.
 */
#ifndef LARDER_STORE_REFERRERS_H
#define LARDER_STORE_REFERRERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

/* On disk on return. Already there: success. */
int referrers_add(struct store *s, const struct reponame *name,
		  const struct digest *subject, const struct digest *referrer,
		  struct err *e);
int referrers_remove(struct store *s, const struct reponame *name,
		     const struct digest *subject, const struct digest *referrer,
		     struct err *e); /* absent: success */
/* Append their digests as text, each with a NUL after it, in no order, some perhaps twice
 * (list_page sorts): those noted here, and those in the list that clients keep under a
 * tag (oci/referrer.h). Some may not be in the repository any more. */
int referrers_list(struct store *s, const struct reponame *name,
		   const struct digest *subject, struct buf *out, struct err *e);

/* An upstream's list, as oci/referrer.h makes it, and when it was got (wall clock, ms).
 * Lost in a power cut, it costs one question. */
int referrers_note(struct store *s, const struct reponame *name,
		   const struct digest *subject, struct view list, int64_t checked_ms,
		   struct err *e);
/* Appends it; false: none is noted, or it is not readable. */
bool referrers_noted(struct store *s, const struct reponame *name,
		     const struct digest *subject, struct buf *out, int64_t *checked_ms);

#endif
