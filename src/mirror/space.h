/*
 * space.h - where a download's bytes are: in a partial file, and when the disk or the
 * store is full, from there on in a window of memory that its readers must keep up with.
 *
 * The writer is one thread. Readers take a view under the owner's lock and read without
 * it: a descriptor in a view stays open as long as the space.
 */
#ifndef LARDER_MIRROR_SPACE_H
#define LARDER_MIRROR_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "codec/hash.h"
#include "oci/digest.h"
#include "store/partial.h"
#include "store/store.h"

/* So long a download waits for others to make room for it (store/room.h): clients wait
 * 30 s for headers, and its upstream does not mind. */
#define SPACE_WAIT_MS 5000
#define SPACE_WINDOW_BYTES (8u << 20) /* of memory, once the disk is full */

struct space_view {
	int fd;		   /* bytes below mem_from; -1: there are none */
	int mem_fd;	   /* bytes from mem_from on; -1: all are in fd */
	uint64_t mem_from; /* UINT64_MAX without mem_fd */
	uint64_t mem_gone; /* bytes from mem_from up to here have been given back */
};

struct space {
	struct store *store;
	struct digest digest;
	struct partial partial; /* fd -1: the disk was full from the start */
	struct space_view
		view;	    /* guarded by the owner's lock; only the writer changes it */
	struct partial old; /* a first attempt whose bytes were wrong; fd -1: none */
};

/* Finds or makes the partial; *landed is the number of bytes in it. A full disk is no
 * error: the bytes then go to memory. */
int space_open(struct space *sp, struct store *s, const struct digest *d,
	       uint64_t *landed, struct err *e);
void space_close(struct space *sp);
/* The writer writes no more; readers go on. */
void space_ended(struct space *sp);
/* Hash the first n bytes, as found at opening. */
int space_rehash(const struct space *sp, uint64_t n, struct hash *h, struct err *e);
/* Ask the store and its disk to keep room for `size` bytes. ERR_NO_SPACE: it has not that
 * much, and nobody has made it in SPACE_WAIT_MS. */
int space_reserve(struct space *sp, uint64_t size, struct err *e);
/* ERR_NO_SPACE: go on with space_to_memory(off) and write again. Where the size was not
 * known it may wait like space_reserve. */
int space_write(struct space *sp, uint64_t off, const void *p, size_t n, struct err *e);

/* From `off` on, bytes go to memory; the partial loses its name. The returned view
 * replaces sp->view under the owner's lock. */
int space_to_memory(struct space *sp, uint64_t off, struct space_view *out,
		    struct err *e);
/* Give back memory below off; the owner has said so in view.mem_gone before, so that no
 * new reader begins there. */
void space_give_back(struct space *sp, uint64_t off);
/* Begin anew in an empty partial, or in memory if the disk is full; the old bytes stay
 * readable for space_same. Once. */
int space_restart(struct space *sp, struct space_view *out, struct err *e);
/* Do the n bytes at off equal those of the first attempt? How many do, from the start. */
size_t space_same(const struct space *sp, uint64_t off, const void *p, size_t n);

/* Read at most n bytes; they have landed. -1: the disk says no. Any thread. */
ssize_t space_read(const struct space_view *v, uint64_t off, void *p, size_t n);
/* Not in memory: give it the final name (store/partial.h). */
int space_commit(struct space *sp, struct err *e);
void space_discard(struct space *sp);

#endif
