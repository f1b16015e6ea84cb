/*
 * retain.h - taking out tags that no rule keeps.
 *
 * A rule is for the tags that its pattern matches, the first that does; it keeps the
 * `last` ones of a repository by when they came, and those that were used, or came,
 * within `used_ms`. A tag that neither keeps goes, unless it is pinned, locked or listed.
 * Rules are for mirrored repositories or, on purpose, for local ones. Content that
 * nothing names after that is for store/collect.h.
 */
#ifndef LARDER_MIRROR_RETAIN_H
#define LARDER_MIRROR_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/retire.h"

#define RETAIN_MAX_TAGS 200000 /* of one repository; those of a larger one stay */

struct retain_rule {
	const char *pattern; /* oci/pattern.h, over host/name:tag; local: name:tag */
	bool local;
	unsigned last;	 /* 0: this keeps none */
	int64_t used_ms; /* 0: this keeps none */
};

struct retain_ask {
	struct retire_ask what;
	const struct retain_rule *rule;
	size_t nrules;
	bool dry_run; /* nothing changes, and the answer is the same */
	/* All below may be NULL, and are called on the calling thread. */
	/* Of what no rule keeps: is it to go? It counts for the others in any case. */
	bool (*want)(void *arg, const struct retire_image *im);
	void (*image)(void *arg, const struct retire_image *im); /* a tag goes */
	/* A manifest goes, before it does. */
	void (*manifest)(void *arg, const struct reponame *name, const struct digest *d);
	bool (*breathe)(void *arg); /* as in struct collect_ask */
	void *arg;
};

struct retained {
	uint64_t images, manifests; /* that went, also where it fails */
};

/* Blocks for as long as it takes; not for a thread that serves. */
int retain_run(const struct retain_ask *ask, struct retained *out, struct err *e);

#endif
