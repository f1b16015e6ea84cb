/*
 * choose.h - the manifest of one platform, out of what the store has of an image.
 */
#ifndef LARDER_MIRROR_CHOOSE_H
#define LARDER_MIRROR_CHOOSE_H

#include "base/err.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "store/mstore.h"

struct choice {
	struct stored *manifest;
	struct manifest parsed;
};

void choice_done(struct choice *c); /* also when zeroed */

/* d is an image's manifest, which is then taken whatever its platform, or an index: then
 * its entry for the platform, one that is no attestation. 32-bit arm takes what older
 * processors run where there is nothing better, as containerd does. ERR_NOT_FOUND: no
 * such entry, or it is not in the store. ERR_INVALID: schema 1, or an index that names
 * another index there. *out untouched on failure. */
int choose_manifest(struct store *s, const struct reponame *from, const struct digest *d,
		    const struct platform *platform, struct choice *out, struct err *e);

#endif
