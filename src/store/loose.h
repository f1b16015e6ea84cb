/*
 * loose.h - links to blobs that are yet to come, which need not outlast a power cut yet.
 *
 * A manifest that comes from an upstream links what it names; to wait for the disk with
 * each link to what is not here would be for nothing. When the blob has come, the links
 * to it are to last: whoever brings it makes them so. In memory, bounded: what is
 * forgotten costs a question to the upstream after a power cut. Any thread.
 */
#ifndef LARDER_STORE_LOOSE_H
#define LARDER_STORE_LOOSE_H

#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

#define LOOSE_MAX 8192	   /* blobs */
#define LOOSE_NAMES_MAX 32 /* repositories of each */

struct loose;

struct loose *loose_new(void);
void loose_free(struct loose *l); /* NULL is fine */
/* Links the blob in the repository: on disk on return if it is here, and then it counts
 * as kept (keep.h); else noted. */
int loose_link(struct store *s, const struct reponame *name, const struct digest *d,
	       struct err *e);
/* The blob has got its name: all links to it that were noted last, on return. Links that
 * have gone meanwhile are not made again. Blocks on the disk. What fails is logged. */
void loose_end(struct store *s, const struct digest *d);

#endif
