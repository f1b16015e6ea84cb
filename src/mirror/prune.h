/*
 * prune.h - taking out images by rules that people give, then collecting what nobody
 * names. With a dry run nothing changes, and the answer is the same.
 */
#ifndef LARDER_MIRROR_PRUNE_H
#define LARDER_MIRROR_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/retain.h"
#include "mirror/retire.h"
#include "store/collect.h"

struct prune_ask {
	struct retire_ask what;
	bool all; /* images with a tag, too */
	/* Tags that these do not keep, too, if they are wanted; nothing else decides of
	 * them. Not with all. */
	const struct retain_rule *rule;
	size_t nrules;
	bool local;	   /* also of local repositories */
	int64_t unused_ms; /* only what has not been used, and has been here, for so long
			    */
	int64_t grace_ms;  /* as in struct collect_ask */
	bool dry_run;
	/* All below may be NULL, and are called on the calling thread. */
	bool (*want)(void *arg, const struct retire_image *im);
	void (*image)(void *arg, const struct retire_image *im); /* it goes, or would */
	/* So many bytes of content go; in a dry run, would. */
	void (*content)(void *arg, const struct digest *d, uint64_t bytes);
	bool (*breathe)(void *arg); /* as in struct collect_ask */
	void *arg;
};

struct pruned {
	uint64_t images, manifests;
	uint64_t held[RETIRE_HOLDS]; /* that the rules would have taken, but for that */
	uint64_t recent;	     /* that nothing held, but that unused_ms left */
	struct collected content;
};

/* ERR_BUSY: another collection runs in this store. *out says how far it came in any case.
 * Blocks for as long as it takes; not for a thread that serves. */
int prune_run(const struct prune_ask *ask, struct pruned *out, struct err *e);

#endif
