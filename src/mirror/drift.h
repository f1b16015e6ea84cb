/*
 * drift.h - locked tags that their upstreams have moved: what is known of them since this
 * process began.
 *
 * Each new digest that an upstream's tag is seen at is one log event ("lock.drift") and
 * one count in larder_lock_drift_total; larder_lock_drifted says how many tags are
 * elsewhere now. Any thread.
 */
#ifndef LARDER_MIRROR_DRIFT_H
#define LARDER_MIRROR_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mirror/route.h"
#include "oci/digest.h"
#include "oci/imageref.h"

struct drifts;

enum drift_kind {
	DRIFT_MOVED,
	DRIFT_GONE,    /* there is no such tag at the upstream any more */
	DRIFT_UNKNOWN, /* it answers, but does not say the digest without a pull */
};

struct drift {
	struct imageref image; /* canonical, with the digest that it is locked to */
	enum drift_kind kind;
	struct digest found;	 /* where the upstream's tag is; with MOVED */
	int64_t since_ms;	 /* wall clock; when it was first seen there */
	int64_t checked_wall_ms; /* when it was last asked */
	int64_t checked_mono_ms;
};

/* The same in short, beside an answer. */
struct drift_view {
	bool locked;	   /* the tag is, and the answer is what it is locked to */
	bool drifted;	   /* the upstream has it elsewhere: ... */
	bool has_upstream; /* ... here; else it is gone there */
	struct digest upstream;
};

struct drifts *drifts_new(void);
void drifts_free(struct drifts *d);
/* The upstream said, just now, where the locked tag is: gone, or at *found (NULL: it did
 * not say; equal to the lock: it has not moved, and is forgotten). */
void drift_note(struct drifts *d, const struct route *r, const char *tag, bool gone,
		const struct digest *found);
/* False: as far as is known, the upstream's tag is as locked. */
bool drift_get(struct drifts *d, const struct route *r, const char *tag,
	       struct drift *out);
/* A plan begins to count: of tags that it does not lock, or locks to something else,
 * nothing is known. */
void drifts_adopt(struct drifts *d, const struct plan *p);
/* {"entries":N,"drifted":N,"drift":[...]}, at most DRIFT_SHOWN of them; null without a
 * lock. -1: over out's limit. */
#define DRIFT_SHOWN 100
int drifts_json(struct drifts *d, const struct plan *p, struct buf *out);

#endif
