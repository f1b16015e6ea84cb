/*
 * referrers.h - which manifests of a repository say that they are about another (their
 * `subject`).
 *
 * One empty file each, in larder's own folder; the manifests are the truth. Any thread.
 */
#ifndef LARDER_STORE_REFERRERS_H
#define LARDER_STORE_REFERRERS_H

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

#endif
