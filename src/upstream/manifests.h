/*
 * manifests.h - HEAD of a manifest, for those who pull and for those who push.
 */
#ifndef LARDER_UPSTREAM_MANIFESTS_H
#define LARDER_UPSTREAM_MANIFESTS_H

#include "upstream/upstream.h"

/* upstream_head_manifest, or push_head_manifest. */
int manifests_head(struct upstream *u, const struct reponame *name,
		   const struct reference *ref, bool push, int64_t deadline_ms,
		   struct upstream_manifest *out, struct err *e);

#endif
