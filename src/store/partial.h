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
#include "store/store.h"

struct partial {
	int fd;	       /* reading and writing */
	uint64_t size; /* bytes found in it at open */
	bool own;      /* private: goes when it is closed */
	layout_path path;
};

/* Opens or creates; ERR_NO_SPACE and ERR_IO as the disk says. */
int partial_open(struct store *s, const struct digest *d, struct partial *out,
		 struct err *e);
/* Does somebody (this process, too) have it locked? *size: how many bytes it has. */
bool partial_taken(struct store *s, const struct digest *d, uint64_t *size);
/* How many bytes a later process would find; 0: none. */
uint64_t partial_bytes(struct store *s, const struct digest *d);
/* Give the finished, verified file its final name; content and name are on disk on
 * return, and the partial is gone. p->fd stays open. */
int partial_commit(struct store *s, const struct digest *d, struct partial *p,
		   struct err *e);
/* The writer has ended: another may go on with it, while readers keep the descriptor. */
void partial_unlock(struct partial *p);
/* Its bytes are wrong: remove the name. p->fd stays open for those who read it. */
void partial_discard(struct store *s, struct partial *p);
/* Closes p->fd, and makes it -1; -1 already: nothing happens. The name stays for who
 * resumes it, unless the partial is private. */
void partial_close(struct store *s, struct partial *p);

#endif
