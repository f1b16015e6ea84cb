/*
 * ask_locked.h - a tag that is locked: what it is locked to, and beside that whether its
 * upstream has moved it.
 *
 * The answer never depends on where the upstream has the tag. It is asked about (one
 * HEAD) as often as freshness says, after the answer; only a visit that must check waits.
 */
#ifndef LARDER_MIRROR_ASK_LOCKED_H
#define LARDER_MIRROR_ASK_LOCKED_H

#include "mirror/ask_manifest.h"

/* As ask_manifest; route_lock(r, tag) is not NULL. `stale` only for a visit that must
 * check. ERR_DENIED: what it is locked to is neither here nor at the upstream. */
enum answer ask_locked(struct mirror *m, const struct route *r, const char *tag,
		       struct visit *v, struct found_manifest *out, struct err *e);
/* The tag on disk is set to what it is locked to, whose manifest is here. Blocks for the
 * disk: not for threads that serve. */
void ask_locked_keep(struct mirror *m, const struct route *r, const char *tag);

#endif
