/*
 * inventory.h - what the store holds, image by image: a row for each tag, and for each
 * manifest that no tag leads to where those are wanted.
 *
 * Read from the disk at each call; no upstream is asked. Memory is bounded whatever the
 * store holds: rows are given out as they come, in the order of names in the store, then
 * of tags. What is damaged is a row that says so. Blocks on the disk: not for a thread
 * that serves.
 */
#ifndef LARDER_MIRROR_INVENTORY_H
#define LARDER_MIRROR_INVENTORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/inventory_state.h"
#include "mirror/route.h"
#include "mirror/shares.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"
#include "store/usage.h"

#define INVENTORY_MAX_PLATFORMS 64 /* of one image; the rest is only counted */
#define INVENTORY_MAX_LOOKS 100000 /* blobs of one image that are looked at */
#define INVENTORY_REASON_MAX 480

struct inventory_platform {
	struct platform platform;
	bool complete; /* all of it is here */
};

struct inventory_row {
	struct reponame repository;  /* in the store */
	char shown[ROUTE_SHOWN_MAX]; /* as people write it, without the tag */
	char tag[TAG_MAX_BYTES + 1]; /* "": none */
	bool has_digest;
	struct digest digest;
	char media_type[MEDIATYPE_MAX]; /* "": its manifest cannot be read */
	const char *kind;		/* "image", "index", "schema1", or "" */
	struct inventory_platform platform[INVENTORY_MAX_PLATFORMS];
	size_t nplatforms, listed; /* those above, and all there are */
	uint64_t bytes;		   /* of what is here, each blob once */
	int64_t shared;		   /* of them, what another has too; -1: unknown */
	bool complete;		   /* all that it names is here */
	int64_t stored_ms;	   /* wall clock, as all; 0: not known */
	int64_t checked_ms;
	int64_t used_ms;
	uint64_t uses;
	enum inventory_state state;
	char reason[INVENTORY_REASON_MAX]; /* with INVENTORY_DAMAGED */
};

struct inventory_ask {
	struct store *store;
	struct plan *plan;
	struct usage_reader *usage; /* NULL: nothing is known of uses */
	bool all;		    /* manifests without a tag too */
	/* May this repository (its name in the store) be seen? NULL: any. */
	bool (*may)(void *arg, const char *name);
	void *may_arg;
	/* Is this image wanted? Looked at before it is read; tag "" : none. NULL: any. */
	bool (*want)(void *arg, const char *shown, const char *tag);
	void *want_arg;
	/* Set by another thread: it ends soon, with ERR_CANCELLED. NULL: never. */
	const atomic_bool *stop;
};

/* "name:tag" or "name@digest", as in the store. */
#define INVENTORY_PLACE_MAX (NAME_MAX_BYTES + DIGEST_TEXT_MAX + TAG_MAX_BYTES)
typedef char inventory_place[INVENTORY_PLACE_MAX];

/* Count every image that may be seen, wanted or not, into s. ERR_IO, ERR_LIMIT; an image
 * that cannot be read is none. */
int inventory_count(const struct inventory_ask *ask, struct shares *s, struct err *e);
/* At most max rows (1 or more) from after `last` on ("" from the start; any text will
 * do), each given to row() until that returns 1 (it has taken this one, and wants no
 * more) or -1 (*e); s is what inventory_count has filled, or new (then nothing is
 * shared). next: where to go on, "" at the end. */
int inventory_list(const struct inventory_ask *ask, struct shares *s, const char *last,
		   size_t max,
		   int (*row)(void *arg, const struct inventory_row *r, struct err *e),
		   void *arg, inventory_place next, struct err *e);

#endif
