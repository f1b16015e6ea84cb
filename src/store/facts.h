/*
 * facts.h - figures of a store that cost little to find: its disk, and what is not
 * finished. Any thread that may wait for the disk.
 */
#ifndef LARDER_STORE_FACTS_H
#define LARDER_STORE_FACTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct facts {
	uint64_t disk_free, disk_size;	  /* bytes, of the file system */
	uint64_t partials, partial_bytes; /* downloads begun and not ended */
	uint64_t uploads, upload_bytes;	  /* the same for what clients push */
};

int facts_read(struct store *s, struct facts *out, struct err *e);

#endif
