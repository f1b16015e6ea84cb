/*
 * via.h - have another cache bring an image: it is asked for all of it, so that it has
 * all of it, and hardly a byte is carried here.
 *
 * A blob's last byte is asked for, by range: a larder gives it when it has the whole blob
 * and has proved its digest. A cache that ignores ranges sends the blob, and that is read
 * and forgotten.
 */
#ifndef LARDER_MIRROR_VIA_H
#define LARDER_MIRROR_VIA_H

#include "base/err.h"
#include "mirror/warm.h"
#include "upstream/upstream.h"

/* name: as the cache calls it ("docker.io/library/python"). Blocks; any number at once.
 * out: digest only. Errors as in upstream.h. */
int via_image(struct upstream *cache, const struct reponame *name,
	      const struct reference *ref, const struct warm_wish *wish,
	      struct warm_progress *p, struct warm_done *out, struct err *e);

#endif
