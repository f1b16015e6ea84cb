/*
 * load.h - an image of the store into a Docker or Podman engine.
 *
 * What is sent is the tar that Docker 25's `docker save` makes: an OCI layout with a
 * manifest.json beside, blobs as they are. An engine with images of its own (Docker's
 * graph drivers, Podman) then has the same image id that a pull gives; Podman, and Docker
 * with containerd's image store, keep the manifest's digest too. Docker's graph drivers
 * have no digest for an image that was not pulled from a registry.
 */
#ifndef LARDER_MIRROR_LOAD_H
#define LARDER_MIRROR_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"
#include "upstream/engine.h"

#define LOAD_MAX_NAMES 64

/* Zeroed by the caller; may be read at any time. */
struct load_progress {
	atomic_ullong bytes,
		bytes_done; /* of the tar; the engine unpacks after the last */
};

struct load_job {
	struct store *store;
	const struct reponame *from; /* the store's repository */
	const struct digest *digest; /* a manifest or an index in it */
	/* Of an index the manifest for this; NULL: for what the engine runs by itself. */
	const struct platform *platform;
	struct engine *to;
	/* What it is to be called, as people write it ("python:3.11-slim",
	 * "ghcr.io/a/b:1@sha256:..."); at least one, each with a tag. */
	const char *const *names;
	size_t nnames;
	struct load_progress *progress; /* or NULL */
};

/* Blocks; any number at once. *current: the engine had this very image under all the
 * names, and nothing was sent. Where it has the image under another name it is only
 * tagged. *id (may be NULL): the image's id in the engine.
 *
 * ERR_INVALID: a name that engines cannot have (a digest alone), or layers that this
 * engine cannot read (zstd, before Docker 23). ERR_NOT_FOUND: something of it is not in
 * the store, or no such platform. ERR_CORRUPT: the store's own copy is bad. Else as
 * engine.h says. */
int load_image(const struct load_job *job, struct digest *id, bool *current,
	       struct err *e);

#endif
