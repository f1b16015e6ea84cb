/*
 * former.h - what a tag led to before, for when what it leads to now cannot be had.
 *
 * A tag that moves is believed as soon as its new manifest is here. If the layers then do
 * not come, the image of before is still a whole one.
 */
#ifndef LARDER_MIRROR_FORMER_H
#define LARDER_MIRROR_FORMER_H

#include <stdbool.h>

#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"

#define FORMER_LOOKS 8 /* at so many former ones, the latest first */
/* Manifests that are read for one answer; what is in larger ones is taken for not whole.
 * Indexes may name each other ten thousand times over. */
#define FORMER_MAX_BYTES (8u << 20)

/* Is all of the image here; of an index, all of one platform's at least? (An empty
 * platform is any.) */
bool former_is_whole(struct store *s, const struct reponame *name,
		     const struct digest *d);
/* The same, for many questions with one limit: *left, of bytes, is what is left of it. */
bool former_is_whole_within(struct store *s, const struct reponame *name,
			    const struct digest *d, size_t *left);
/* The latest that the tag led to before `now` and that is whole for that platform (empty:
 * for any), if that is not. Not one that lacks a platform that `now` has: who wants
 * another than is thought would lose it. Any thread; some dozens of looks at files. */
bool former_find(struct store *s, const struct reponame *name, const char *tag,
		 const struct digest *now, const struct platform *wanted,
		 struct digest *out);

#endif
