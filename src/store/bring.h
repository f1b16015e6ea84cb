/*
 * bring.h - a blob from a file or an archive, whose digest is said beforehand.
 *
 * Open, add its bytes in order, end. What does not match never gets a name. One thread at
 * a time for each.
 */
#ifndef LARDER_STORE_BRING_H
#define LARDER_STORE_BRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/hash.h"
#include "oci/digest.h"
#include "store/partial.h"
#include "store/store.h"

struct bring {
	struct store *store;
	struct digest digest;
	uint64_t size, got;
	struct partial partial;
	struct hash *hash;
};

/* Room for all of it is asked for: ERR_NO_SPACE. bring_close in any case but failure. */
int bring_open(struct bring *b, struct store *s, const struct digest *d, uint64_t size,
	       struct err *e);
int bring_add(struct bring *b, const void *p, size_t n, struct err *e);
/* All of it has been added; it is there, on disk, on return. ERR_CORRUPT: it is not what
 * its digest says, or not as long as was said. */
int bring_end(struct bring *b, struct err *e);
/* What was not ended is gone. */
void bring_close(struct bring *b);

#endif
