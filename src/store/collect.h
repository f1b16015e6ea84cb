/*
 * collect.h - removing content that nobody names any more, beside serving.
 *
 * Mark: every manifest in every repository, and what it names; and what a local
 * repository has been given lately though no manifest names it yet (a push under way).
 * Sweep: every blob that is not marked, unless it was kept meanwhile (keep.h). Then what
 * belonged to it: its type note. On the way, in each repository: links to blobs that no
 * manifest of it names, notes of referrers and of tags that are gone, folders without
 * anything in them.
 *
 * Memory is bounded whatever the store holds: where there is no room for all marks it
 * works range by range. A crash leaves nothing that the next run would not see. What a
 * reader has open stays readable. One collection at a time in a store, among all
 * processes.
 */
#ifndef LARDER_STORE_COLLECT_H
#define LARDER_STORE_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/marks.h"
#include "store/store.h"

#define COLLECT_MARK_BYTES (32u << 20)

struct collect_ask {
	struct store *store;
	/* For so long (ms) content stays in a local repository without a manifest. */
	int64_t grace_ms;
	/* What was kept for less than so long stays (keep.h). 0: KEEP_MS. */
	int64_t keep_ms;
	bool dry_run; /* count and tell what would go; remove nothing */
	/* NULL: everything is looked at. Else content and links of these digests alone,
	 * and of what is no content only what lies beside them: far quicker, for who
	 * knows what has just lost its names. */
	const struct marks *among;
	size_t mark_bytes; /* 0: COLLECT_MARK_BYTES */
	/* All below are called on the calling thread; each may be NULL. */
	/* Is it a local repository? NULL: all are. */
	bool (*is_local)(void *arg, const struct reponame *name);
	/* Does this manifest count as gone? For a dry run of more than collecting. */
	bool (*is_gone)(void *arg, const struct reponame *name, const struct digest *d);
	/* A blob went, or would. */
	void (*removed)(void *arg, const struct digest *d, uint64_t bytes);
	/* Between small steps: the time to sleep, or to say (false) that it is enough. */
	bool (*breathe)(void *arg);
	void *arg;
};

struct collected {
	uint64_t repositories, manifests; /* that were looked at */
	uint64_t unreadable; /* manifests that could not be: all that their repository
				links stays */
	uint64_t blobs;	     /* looked at */
	uint64_t removed, removed_bytes;
	uint64_t young_bytes; /* that nobody names either, but that are too young */
	uint64_t links;	      /* and notes, that went */
	uint64_t stuck; /* links and content that nobody needs, and that could not be
			   removed: the next collection tries again, and content that is
			   out of its place already goes at the next start */
	struct err why; /* of the first of them */
	unsigned passes;
};

/* ERR_CANCELLED: breathe() said so; what has been removed is counted. ERR_BUSY: another
 * collection runs. ERR_IO: a directory cannot be read; nothing is swept then. Blocks on
 * the disk for as long as it takes. */
int collect_run(const struct collect_ask *ask, struct collected *out, struct err *e);
/* Logs what was stuck, if anything was. */
void collect_say_stuck(const struct collected *out);

#endif
