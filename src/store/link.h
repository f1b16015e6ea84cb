/*
 * link.h - what a repository may see: its links to blobs and manifests.
 *
 * A link is a file whose path names the digest and whose content repeats it. An empty one
 * (a crash of registry:2's in-place writing) is no link. Any thread.
 */
#ifndef LARDER_STORE_LINK_H
#define LARDER_STORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/removal.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

enum link_kind { LINK_LAYER, LINK_REVISION };

bool link_exists(struct store *s, enum link_kind kind, const struct reponame *name,
		 const struct digest *d);
/* When it was made (wall clock, ms); 0: not known. */
int64_t link_time(struct store *s, enum link_kind kind, const struct reponame *name,
		  const struct digest *d);
/* Already there: success. durable: on disk on return; else it may be lost in a power cut,
 * as fits what can be learnt again from an upstream. */
int link_add(struct store *s, enum link_kind kind, const struct reponame *name,
	     const struct digest *d, bool durable, struct err *e);
/* On disk on return. ERR_NOT_FOUND: there is none. */
int link_remove(struct store *s, enum link_kind kind, const struct reponame *name,
		const struct digest *d, struct err *e);

/* The same with its folder, at once, and for good with removal_last. */
int link_drop(struct store *s, enum link_kind kind, const struct reponame *name,
	      const struct digest *d, struct removal *r, struct err *e);
/* The same without waiting for the disk, and with its folder if that is empty: a power
 * cut may bring it back. Absent already: success. */
int link_forget(struct store *s, enum link_kind kind, const struct reponame *name,
		const struct digest *d, struct err *e);

#endif
