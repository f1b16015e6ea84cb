/*
 * blob.h - finished content by digest, whoever it belongs to.
 *
 * A file under a final name is whole and was hashed before it got the name. Any thread.
 */
#ifndef LARDER_STORE_BLOB_H
#define LARDER_STORE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "store/store.h"

/* A descriptor for reading (the caller closes it) and the size. ERR_NOT_FOUND also for an
 * empty file whose digest is not that of nothing: a crash of another writer's. */
int blob_open(struct store *s, const struct digest *d, uint64_t *size, struct err *e);
bool blob_exists(struct store *s, const struct digest *d,
		 uint64_t *size); /* size may be NULL */
/* Small content, already known to match d; on disk on return. In
 * place of what has the name, unless that is the same. */
int blob_put(struct store *s, const struct digest *d, const void *p, size_t n,
	     struct err *e);
/* It is wanted: no collection that begins from now on takes it for long forgotten, for a
 * minute. Best effort. */
void blob_touch(struct store *s, const struct digest *d);
/* Take a blob that turned out to be corrupt out of the way; it is gone afterwards. */
void blob_remove(struct store *s, const struct digest *d);

#endif
