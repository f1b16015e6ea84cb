/*
 * weight.h - what an image has in the store, and whether more of it is on its way.
 */
#ifndef LARDER_MIRROR_WEIGHT_H
#define LARDER_MIRROR_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/mirror.h"
#include "mirror/retire.h"

struct weight {
	uint64_t bytes; /* of all that is here, also of what others have too */
	bool coming;	/* a blob of it is being downloaded, by whomever */
};

/* Reads its manifests; what cannot be read weighs nothing. Blocks on the disk. */
struct weight weight_of(struct mirror *m, const struct retire_image *im);

#endif
