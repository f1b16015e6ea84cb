/*
 * tarball.h - a tar of content of the store, as a stream.
 *
 * First it is said what is in it, then it is pulled, a piece at a time, by whoever sends
 * or writes it; memory is one piece, and a little for each entry. Blobs are read as they
 * go; one that is missing, cut or not what its digest says ends the stream before the
 * archive is whole, so that nobody takes it. One thread at a time.
 */
#ifndef LARDER_MIRROR_TARBALL_H
#define LARDER_MIRROR_TARBALL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "oci/digest.h"
#include "store/store.h"
#include "upstream/transport.h"

struct tarball;

/* sent (may be NULL) counts what was handed on since the start. Both are borrowed. */
struct tarball *tarball_new(struct store *s, atomic_ullong *sent);
void tarball_free(struct tarball *t); /* NULL is fine */

/* Entries in their order. Names and bytes are borrowed; a blob's name is
 * blobs/<alg>/<hex>. One that was added already is not added again. */
void tarball_dir(struct tarball *t, const char *name);
void tarball_bytes(struct tarball *t, const char *name, struct view bytes);
void tarball_blob(struct tarball *t, const struct digest *d, uint64_t size);

/* To be sent; belongs to t. No entries can be added from here on. */
const struct transport_body *tarball_body(struct tarball *t);
/* Of all of it, for people: names and sizes beyond plain tar add some. */
uint64_t tarball_size(const struct tarball *t);

#endif
