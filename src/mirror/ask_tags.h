/*
 * ask_tags.h - a repository's tags, without blocking (mirror/visit.h). Errors as in
 * ask_manifest.h.
 */
#ifndef LARDER_MIRROR_ASK_TAGS_H
#define LARDER_MIRROR_ASK_TAGS_H

#include "base/buf.h"
#include "mirror/visit.h"

/* All tags: the upstream's for a mirrored repository, ours when it cannot be asked.
 * Appended to out, a NUL after each, in no order. */
enum answer ask_tags(struct mirror *m, const struct route *r, struct visit *v,
		     struct buf *out, struct err *e);

#endif
