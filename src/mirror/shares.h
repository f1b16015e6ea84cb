/*
 * shares.h - which blobs several images have, for a list of images.
 *
 * Bounded: SHARES_MAX_BLOBS blobs in 32 MiB, and as many images. Beyond that nothing is
 * known of any: shares_unknown. Digests are told apart by their first 128 bits. One
 * thread at a time.
 */
#ifndef LARDER_MIRROR_SHARES_H
#define LARDER_MIRROR_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/digest.h"
#include "oci/reference.h"

#define SHARES_MAX_BLOBS 700000

struct shares;

struct shares *shares_new(void);
void shares_free(struct shares *s); /* NULL is fine */
void shares_freep(struct shares **s);

/* First all images are counted, each once: false: this one of the repository was. */
bool shares_image(struct shares *s, const struct reponame *name, const struct digest *d);
/* What follows is of another image. */
void shares_next(struct shares *s);

struct share {
	bool first;  /* the present image did not have it before */
	bool others; /* another image that was counted has it */
};
/* The present image has this blob, of which so many bytes are here. count: as one of the
 * images counted; else it is only looked at. */
struct share shares_blob(struct shares *s, const struct digest *d, uint64_t bytes,
			 bool count);
bool shares_has(const struct shares *s, const struct digest *d);
bool shares_unknown(const struct shares *s);

/* Bytes of all blobs that were counted, and of those looked at; each blob once. */
uint64_t shares_counted_bytes(const struct shares *s);
uint64_t shares_seen_bytes(const struct shares *s);
uint64_t shares_images(const struct shares *s); /* that were counted */

#endif
