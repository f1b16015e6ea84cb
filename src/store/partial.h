/*
 * partial.h - the first bytes of a blob that is still coming.
 *
 * A partial has a name made from its digest, so that a later process finds and continues
 * it. It is locked while in use; a second process gets a private one in larder/tmp, which
 * nobody continues. Its owner hashes; nothing here is believed. One thread at a time per
 * partial, but others may read the descriptor.
 */
#ifndef LARDER_STORE_PARTIAL_H
#define LARDER_STORE_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "store/layout.h"
#include "store/stake.h"
#include "store/store.h"

struct partial {
	int fd;	       /* reading and writing */
	uint64_t size; /* bytes found in it at open */
	bool own;      /* private: goes when it is closed */
	bool unlocked; /* partial_unlock was called: the name is anybody's */
	bool gone;     /* it has no name any more, or a blob's */
	layout_path path;
	struct stake stake; /* its room */
};

/* Opens or creates; ERR_NO_SPACE and ERR_IO as the disk says. */
int partial_open(struct store *s, const struct digest *d, struct partial *out,
		 struct err *e);
/* Does somebody (this process, too) have it locked? *size: how many bytes it has. */
bool partial_taken(struct store *s, const struct digest *d, uint64_t *size);
/* How many bytes a later process would find; 0: none. */
uint64_t partial_bytes(struct store *s, const struct digest *d);
/* It is going to have so many bytes: room for them, and the disk's promise. Waits for
 * others to make room for wait_ms at most. ERR_NO_SPACE: there is none. */
int partial_need(struct partial *p, uint64_t size, int64_t wait_ms, struct err *e);
/* Write at off, which is not past its end. ERR_NO_SPACE: neither has it grown. */
int partial_write(struct partial *p, uint64_t off, const void *bytes, size_t n,
		  int64_t wait_ms, struct err *e);
/* Give the finished, verified file its final name, over what may have it already; content
 * and name are on disk on return, and the partial is gone. p->fd stays open. */
int partial_commit(struct store *s, const struct digest *d, struct partial *p,
		   struct err *e);
/* The writer has ended: another may go on with it, while readers keep the descriptor.
 * What was reserved for more is given back, the disk's promise too. */
void partial_unlock(struct partial *p);
/* Its bytes are wrong: remove the name. p->fd stays open for those who read it, and its
 * room is taken until it is closed. */
void partial_discard(struct store *s, struct partial *p);
/* The same, and all from `off` on is cut. */
void partial_cut(struct store *s, struct partial *p, uint64_t off);
/* Closes p->fd, and makes it -1; -1 already: nothing happens. The name stays for who
 * resumes it, unless the partial is private. */
void partial_close(struct store *s, struct partial *p);

/* Remove those that nobody has in use, and to which nothing has come for so long (wall
 * clock); how many. Not for a thread that serves. */
unsigned partials_expire(struct store *s, int64_t age_ms);

#endif
