/*
 * tlog.h - entries of transparency logs, as they travel with signatures, proved offline.
 *
 * A promise (Rekor's signed entry timestamp) is the log's signature over the entry and
 * the time it came. A proof is the way from the entry to the root of the log's tree (RFC
 * 6962 section 2.1.1), and a checkpoint: that root, signed by the log (transparency-dev
 * "checkpoint", C2SP "signed-note"). Only a promise proves a time.
 */
#ifndef LARDER_TRUST_TLOG_H
#define LARDER_TRUST_TLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/trustroot.h"

#define TLOG_HASH_BYTES 32
#define TLOG_MAX_HASHES 64 /* a tree of 2^64 entries is no higher */
#define TLOG_MAX_BODY (256u << 10)
#define TLOG_MAX_CHECKPOINT (16u << 10)
#define TLOG_MAX_SIGNATURE 1024

typedef unsigned char tlog_hash[TLOG_HASH_BYTES];

struct tlog_entry {
	struct buf body; /* the canonical JSON that is logged */
	unsigned char id[TRUSTROOT_ID_BYTES];
	int64_t index;	      /* as the log's promise has it */
	int64_t integrated_s; /* 0: not said */
	struct buf promise;   /* a signature; n 0: none */
	bool has_proof;
	uint64_t proof_index, proof_size;
	tlog_hash root, hash[TLOG_MAX_HASHES];
	size_t nhashes;
	struct buf checkpoint;
};

void tlog_entry_init(struct tlog_entry *t);
void tlog_entry_done(struct tlog_entry *t);

/* Read what is promised and proved: all of it must hold, and one of both must be there.
 * *at_ms: when it was logged, or 0 where nothing proves a time. 1: it is of a log that is
 * not trusted; 0: genuine; -1: ERR_DENIED or ERR_INVALID. */
int tlog_verify(const struct tlog_entry *t, const struct trustroot *root, int64_t *at_ms,
		struct err *e);

/* The parts, for tests. */
void tlog_leaf(struct view body, tlog_hash out);
/* The root of a tree of `size` leaves in which this one is at `index`. ERR_INVALID: no
 * tree has such a proof. */
int tlog_root(const tlog_hash leaf, uint64_t index, uint64_t size, const tlog_hash *hash,
	      size_t n, tlog_hash out, struct err *e);
/* A checkpoint by this log: its size and root. */
int tlog_checkpoint(struct view note, const struct trustroot_log *log, uint64_t *size,
		    tlog_hash root, struct err *e);

#endif
