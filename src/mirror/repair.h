/*
 * repair.h - scrubbing a store (store/scrub.h) and getting again, from the upstreams of
 * mirrored images, what turns out to be wrong or lost.
 *
 * What is fetched comes as for a client, by the flights and tasks that all share, and is
 * verified; it counts as background work, which keeps off the reserve of pulls, and asks
 * no upstream that is known to be in trouble. Blocks: for threads of a command or of
 * housekeeping. Ended early by pace(), and by mirror_cancel.
 */
#ifndef LARDER_MIRROR_REPAIR_H
#define LARDER_MIRROR_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "mirror/mirror.h"
#include "store/scrub.h"

struct repair_ask {
	struct store *store;
	struct mirror *mirror; /* NULL: nothing is fetched */
	struct plan *plan;     /* what is local, and names as people write them */
	bool look, go_on, names_only;
	int64_t slice_ms;
	/* All on the calling thread. Is that image wanted? tag "": all of the repository,
	 * in whose names people write it. NULL: everything is. */
	bool (*want)(void *arg, const char *shown, const char *tag);
	bool (*pace)(void *arg, uint64_t bytes); /* as in struct scrub_ask */
	/* Its images' names are as people write them. */
	void (*found)(void *arg, const struct scrub_finding *f);
	void *arg;
};

/* As scrub_run. Counts in the metrics larder_scrub_*. */
int repair_run(const struct repair_ask *ask, struct scrubbed *out, struct err *e);

/* What is known of it without a run, as `"scrub":{...}`. */
int repair_json(struct buf *out, const struct scrub_state *st);

#endif
