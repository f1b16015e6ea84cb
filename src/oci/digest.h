/*
 * digest.h - a content digest as a type (OCI image-spec descriptor.md, "Digests").
 *
 * Only digest_parse and digest_of make one, so a struct digest is always well formed.
 */
#ifndef LARDER_OCI_DIGEST_H
#define LARDER_OCI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/hash.h"

#define DIGEST_HEX_MAX 129		     /* with NUL */
#define DIGEST_TEXT_MAX (7 + DIGEST_HEX_MAX) /* "sha512:" + hex + NUL */

struct digest {
	enum hash_alg alg;
	unsigned char bytes[HASH_MAX_BYTES]; /* unused ones are zero */
};

/* "sha256:<64 lower-case hex>" or "sha512:<128>"; anything else is ERR_INVALID. */
int digest_parse(struct view text, struct digest *out, struct err *e);
void digest_text(const struct digest *d, char out[DIGEST_TEXT_MAX]);
void digest_hex(const struct digest *d, char out[DIGEST_HEX_MAX]);
const char *digest_alg(const struct digest *d); /* "sha256" */
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_of(enum hash_alg alg, const void *p, size_t n, struct digest *out);
/* Ends a streaming hash. */
void digest_final(enum hash_alg alg, struct hash *h, struct digest *out);

#endif
