/*
 * sizes.h - how large the blobs are that manifests lately fetched or served name.
 *
 * A bound for answers that do not say their own length, and a reason to doubt a file of
 * another size; no proof: a manifest may be wrong about a blob that another one has
 * right. In memory, at most 16,384; past that all are forgotten. Any thread.
 */
#ifndef LARDER_MIRROR_SIZES_H
#define LARDER_MIRROR_SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/digest.h"
#include "oci/manifest.h"

struct sizes;

struct sizes *sizes_new(void);
void sizes_free(struct sizes *s);
void sizes_note(struct sizes *s, const struct manifest *m); /* its config and layers */
/* Are those of this manifest noted? Then nothing need be parsed for that. */
bool sizes_has(struct sizes *s, const struct digest *manifest);
/* A blob of this size has the digest; whatever manifests say. */
void sizes_proved(struct sizes *s, const struct digest *d, uint64_t size);
uint64_t sizes_get(struct sizes *s, const struct digest *d, uint64_t otherwise);

#endif
