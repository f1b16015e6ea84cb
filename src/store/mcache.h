/*
 * mcache.h - manifests lately used, in memory.
 *
 * Content-addressed, so an entry never goes wrong; whether a repository may see it is
 * asked of the disk each time. At most 3 MiB in all and 128 KiB for one manifest; least
 * recently used go first. Any thread.
 */
#ifndef LARDER_STORE_MCACHE_H
#define LARDER_STORE_MCACHE_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"
#include "oci/digest.h"

/* A manifest's exact bytes and Content-Type; unchanging, counted. */
struct stored {
	atomic_int refs;
	struct digest digest;
	char *media_type;
	size_t n;
	char *body;
};

struct stored *stored_new(const struct digest *d, const char *media_type,
			  struct view body);
struct stored *stored_ref(struct stored *m);
void stored_unref(struct stored *m); /* NULL is fine */

struct mcache;
struct mcache *mcache_new(void);
void mcache_free(struct mcache *c);
struct stored *mcache_get(struct mcache *c,
			  const struct digest *d); /* a reference, or NULL */
/* Takes a reference of its own; in place of one with the same digest (their Content-Types
 * may differ). */
void mcache_put(struct mcache *c, struct stored *m);

#endif
