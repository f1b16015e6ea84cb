/*
 * suspect.h - blobs of the store that somebody asks for, and that may be wrong.
 *
 * Small ones are hashed each time before they go out: that costs less than sending them.
 * Of larger ones, the size is compared with what manifests say (mirror/sizes.h); where it
 * differs, the blob is hashed first, once, while who asks for it waits. What is wrong
 * goes into quarantine, and is then as if it had never come: a mirror fetches it again.
 */
#ifndef LARDER_MIRROR_SUSPECT_H
#define LARDER_MIRROR_SUSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/visit.h"

#define SUSPECT_HASH_BYTES (64u << 10) /* up to this, each time */
#define SUSPECT_PAUSE_MS 10000

/* READY: it may be given out; or, with *again, it is to be looked for anew: it may have
 * been taken out of the way. WAIT: as in visit.h. FAILED: it cannot be read. fd (-1:
 * none, only the size is asked for) is the open blob, of so many bytes; not closed. */
enum answer suspect_check(struct mirror *m, const struct route *r, const struct digest *d,
			  int fd, uint64_t size, struct visit *v, bool *again,
			  struct err *e);
/* It was going out and could not be read to its end: that is said, and it is hashed,
 * while nobody waits. No more than one within SUSPECT_PAUSE_MS. */
void suspect_cut(struct mirror *m, const struct route *r, const struct digest *d);

#endif
