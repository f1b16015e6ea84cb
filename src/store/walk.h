/*
 * walk.h - everything of a kind in a store, one by one, in no order (but for
 * repositories) and without lists in memory.
 *
 * What is no valid name or digest is passed over, and so is a folder that is not there.
 * fn returns 0 to go on; anything else ends the walk and is returned. What fn removes or
 * adds may or may not be seen. -1 with *e from the walk itself: a directory that cannot
 * be read. Any thread.
 */
#ifndef LARDER_STORE_WALK_H
#define LARDER_STORE_WALK_H

#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/link.h"
#include "store/store.h"

typedef int (*walk_digest_fn)(void *arg, const struct digest *d, struct err *e);

/* Files of content, those whose digest's first two bytes are in [from, to) and some
 * others. */
int walk_blobs(struct store *s, uint32_t from, uint32_t to, walk_digest_fn fn, void *arg,
	       struct err *e);
/* A repository's links that are there; what is torn is not. */
int walk_links(struct store *s, enum link_kind kind, const struct reponame *name,
	       walk_digest_fn fn, void *arg, struct err *e);
int walk_repositories(struct store *s,
		      int (*fn)(void *arg, const struct reponame *name, struct err *e),
		      void *arg, struct err *e);
/* Those whose names come after that, in byte order. */
int walk_repositories_after(struct store *s, const struct reponame *after,
			    int (*fn)(void *arg, const struct reponame *name,
				      struct err *e),
			    void *arg, struct err *e);
/* The entries of any folder whose names are a digest's hex. */
int walk_digests(struct store *s, const char *path, const char *alg, walk_digest_fn fn,
		 void *arg, struct err *e);

#endif
