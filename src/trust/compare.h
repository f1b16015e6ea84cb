/*
 * compare.h - what changed from one image to another: packages, system, configuration,
 * layers.
 *
 * Bounded by what contents are bounded by; takes n log n of the packages. The same
 * contents give the same comparison, in the same order. Pure.
 */
#ifndef LARDER_TRUST_COMPARE_H
#define LARDER_TRUST_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/contents.h"

enum compare_kind {
	COMPARE_ADDED,
	COMPARE_REMOVED,
	COMPARE_UPGRADED,
	COMPARE_DOWNGRADED,
	COMPARE_CHANGED, /* of a package: another architecture, or its version is written
			    in another way; of a setting: another value */
};
#define COMPARE_KINDS (COMPARE_CHANGED + 1)

struct compare_package {
	enum compare_kind kind;
	const struct package *before, *after; /* borrowed; NULL: not there */
};

/* One thing of the configuration. */
struct compare_setting {
	enum compare_kind kind; /* ADDED, REMOVED, CHANGED */
	const char
		*what; /* "env", "label", "port", "volume", "user", "entrypoint", ... */
	const char *name; /* of env, label, port and volume; else "" */
	/* NULL: not there. Of a list, JSON; over COMPARE_LIST_MAX bytes "[...]". */
	const char *before, *after;
};
#define COMPARE_LIST_MAX 65536

struct compare_layers {
	size_t n;
	uint64_t bytes;
};

struct comparison {
	const struct contents *before, *after; /* borrowed */
	/* By kind, key, then as they stand in the lists. Each package of either side is
	 * in at most one row. */
	struct compare_package *package;
	size_t npackages, by[COMPARE_KINDS];
	struct compare_setting *setting;
	size_t nsettings;
	bool system; /* the system, or its release, is another */
	/* Layers of `after`: those that `before` has, those that it has packed in another
	 * way (equal when unpacked), and the rest; and of `before`, those that `after`
	 * does not have. */
	struct compare_layers shared, repacked, fresh, gone;
	char **list; /* texts that settings point to */
	size_t nlists;
};

/* Where the two are of different architectures, that of packages does not count. */
void compare_make(const struct contents *before, const struct contents *after,
		  struct comparison *out);
void compare_done(struct comparison *c); /* also when zeroed */
/* Nothing is different: no package, no setting, no system, no layer. */
bool compare_same(const struct comparison *c);
/* "added", "removed", "upgraded", "downgraded", "changed"; static. */
const char *compare_word(enum compare_kind kind);

#endif
