/*
 * proof_copy.h - is what the store has of an image what its digests say?
 */
#ifndef LARDER_APP_PROOF_COPY_H
#define LARDER_APP_PROOF_COPY_H

#include "app/proof.h"
#include "store/mcache.h"

/* Sets out->copy and out->copy_why. Manifests are hashed; of blobs the sizes are compared
 * and, with ask->read, the bytes. */
void proof_copy_check(const struct proof_ask *ask, const struct reponame *name,
		      const struct stored *root, struct proof *out);

#endif
