/*
 * quarantine.h - blobs whose bytes turned out to be wrong: out of reach of all who serve,
 * and a record that somebody may need the right ones.
 *
 * One file each, LAYOUT_QUARANTINE/<alg>-<hex>. Its time says since when. Who holds the
 * bad file open reads on. Any thread, any process; all block on the disk.
 */
#ifndef LARDER_STORE_QUARANTINE_H
#define LARDER_STORE_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "store/store.h"

#define QUARANTINE_KEEP_MS (INT64_C(30) * 24 * 60 * 60 * 1000)
#define QUARANTINE_MAX_BYTES (UINT64_C(1) << 30) /* of bad bytes that are kept */

struct quarantined {
	struct digest digest;
	uint64_t bytes;	  /* 0: only the record is left */
	int64_t since_ms; /* wall clock */
};

/* Take the blob out of its place; fd: only while it is this file (-1: whatever it is).
 * 1: its name is free now. 0: there is another file by now, or none; -1: *e. */
int quarantine_put(struct store *s, const struct digest *d, int fd, struct err *e);
bool quarantine_has(struct store *s, const struct digest *d);
/* What a read ended with: is the file to blame, and not the moment? */
bool quarantine_is_due(const struct err *e);
/* In no order; fn as for fs_each. A store without any: none. */
int quarantine_each(struct store *s,
		    int (*fn)(void *arg, const struct quarantined *q, struct err *e),
		    void *arg, struct err *e);
/* The record goes: the right bytes are back, or nobody needs them. */
void quarantine_forget(struct store *s, const struct digest *d);
/* Bad bytes older than that, and those over QUARANTINE_MAX_BYTES, go; the records of them
 * stay. How many bytes those were. */
uint64_t quarantine_expire(struct store *s, int64_t age_ms);

#endif
