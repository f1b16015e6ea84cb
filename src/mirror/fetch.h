/*
 * fetch.h - bringing manifests and tags from an upstream into the store.  Blocks: pool
 * threads only.
 */
#ifndef LARDER_MIRROR_FETCH_H
#define LARDER_MIRROR_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "base/err.h"
#include "mirror/claim.h"
#include "mirror/kept.h"
#include "mirror/overflow.h"
#include "mirror/route.h"
#include "mirror/sizes.h"
#include "mirror/tagstate.h"
#include "store/mcache.h"
#include "store/store.h"
#include "upstream/may.h"

/* What fetching works on; borrowed. */
struct fetch {
	struct store *store;
	struct claims *claims; /* one GET per digest, whichever repository asks */
	struct overflow *overflow;
	struct tagstates *tags;
	struct sizes *sizes;
	struct kept *kept; /* nobody is asked before it is known */
};

/* For whom, and how long. */
struct fetch_how {
	int64_t deadline_ms; /* monotonic */
	/* UPSTREAM_WANT_PULL, or UPSTREAM_WANT_REFRESH: is asked for with a GET only
	 * where upstream_may says so, after all that is free. */
	enum upstream_want want;
	bool entitled; /* the upstream has just said that this repository has it */
	/* Of a tag that has moved, once the new manifest is here: is there any use in
	 * believing it? NULL: it is believed. */
	int (*trial)(const struct fetch_how *how, const struct digest *had,
		     const struct digest *now, struct err *e);
	void *arg;
};

/* The manifest, from the store if it is there by now, else from the upstream, by one GET;
 * a manifest that another repository has costs a HEAD instead, which asks whether this
 * one may see it (unless entitled). Tries again within the deadline. *out is a reference;
 * *unsaved says that the disk did not take it, and that it is in overflow. */
int fetch_manifest(const struct fetch *x, const struct route *r, const struct digest *d,
		   const struct fetch_how *how, struct stored **out, bool *unsaved,
		   struct err *e);

/* Ask the upstream where the tag is (HEAD), bring the manifest if it is new here, and
 * note the answer in tagstates, unless how->trial fails: then the tag is where it was.
 * Trouble that is tried again is shown at once, as the
 * site's `trouble`, and bell rung, for those who have something to answer with. */
int fetch_tag(const struct fetch *x, const struct route *r, const char *tag,
	      const struct fetch_how *how, struct bell *bell, struct err *e);

/* May this repository see the blob, and how large is it? Notes a yes as a link. */
int fetch_blob_size(const struct fetch *x, const struct route *r, const struct digest *d,
		    int64_t deadline_ms, uint64_t *size, struct err *e);

#endif
