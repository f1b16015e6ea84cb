/*
 * layers.h - the layers of an image, read in their order into a tree.
 *
 * Each is unpacked once, as a stream; where links lead to files outside the usual places,
 * all of them once more, at most LAYERS_MAX_PASSES times.
 */
#ifndef LARDER_TRUST_LAYERS_H
#define LARDER_TRUST_LAYERS_H

#include <stddef.h>

#include "base/err.h"
#include "oci/digest.h"
#include "trust/gaps.h"
#include "trust/tree.h"

#define LAYERS_MAX_PASSES 3
#define LAYERS_NONE (-2)

struct layers {
	size_t n;
	/* A descriptor of layer i from its beginning, which is closed here; LAYERS_NONE:
	 * it is left out; -1: *e. */
	int (*open)(void *arg, size_t i, struct err *e);
	/* What all of its bytes must come to. */
	const struct digest *(*digest)(void *arg, size_t i);
	void *arg;
};

/* t is new. What could not be read is in gaps or in the nodes. ERR_CORRUPT: a layer
 * does not match its digest; ERR_INVALID: it is no archive, or damaged; ERR_LIMIT:
 * against a limit of codec/tar.h or contents.h. */
int layers_read(const struct layers *l, struct tree *t, struct gaps *gaps, struct err *e);

#endif
