/*
 * inquiry.h - bring together what is about an image: the manifest under cosign's tag, and
 * of its referrers those that are signatures; from the store, and what is not there from
 * the upstream.
 *
 * An inquiry belongs to one request or one thread of a command. inquiry_step does not
 * block on a network (mirror/visit.h): where it says WAIT, it is to be called again when
 * its bell has rung. Then what has come is read, on a thread that has time. inquiry_all
 * is for threads that may wait for both.
 */
#ifndef LARDER_TRUST_INQUIRY_H
#define LARDER_TRUST_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/visit.h"
#include "store/mcache.h"
#include "trust/evidence.h"

#define INQUIRY_MAX_REFERRERS 256 /* manifests about one image that are looked at */
/* Of an upstream's list, by its types: each may cost a pull of its quota. */
#define INQUIRY_MAX_FETCHED EVIDENCE_MAX_ITEMS
#define INQUIRY_MAX_TEXT (32u << 20) /* bytes of one layer that is to be text */

enum inquiry_how {
	INQUIRY_KEPT,	/* what is here is as fresh as the settings want it */
	INQUIRY_FRESH,	/* lists that are here are compared with the upstream now */
	INQUIRY_STORED, /* only what is here; nobody is asked */
};

struct inquiry;

/* About the manifest d, of this type and size, in the repository of r, which is copied.
 */
struct inquiry *inquiry_new(struct mirror *m, const struct route *r,
			    const struct digest *d, const char *media_type, uint64_t size,
			    enum visit_for who, enum inquiry_how how);
/* Whether each layer of this manifest is text, so that no engine could run anything that
 * is in it. Evidence of it has gaps where one is not, and no bodies. */
struct inquiry *inquiry_new_texts(struct mirror *m, const struct route *r,
				  const struct stored *manifest, enum visit_for who);
void inquiry_free(struct inquiry *g); /* NULL is fine */
void inquiry_freep(struct inquiry **g);

/* READY: all that is to be had is in the store. What could not be had is no failure but a
 * gap in the evidence. FAILED: only when the mirror is being stopped (ERR_CANCELLED). */
enum answer inquiry_step(struct inquiry *g, struct err *e);
/* After WAIT: what it waits for. Lives until the next step. */
struct bell *inquiry_bell(const struct inquiry *g, uint64_t *seen);
/* After READY: the bodies are read into the evidence; or looked at, where they are to be
 * texts. What has gone from the store since is a gap. Asks nobody; any thread. */
void inquiry_read(struct inquiry *g);
/* What was found; borrowed. Bodies come with inquiry_read. */
const struct evidence *inquiry_evidence(const struct inquiry *g);

/* All of it, blocking. 0, or -1 as above. */
int inquiry_all(struct inquiry *g, struct err *e);

#endif
