/*
 * manifests.h - HEAD of a manifest, for those who pull and for those who push.
 */
#ifndef LARDER_UPSTREAM_MANIFESTS_H
#define LARDER_UPSTREAM_MANIFESTS_H

#include "upstream/upstream.h"

struct account;

/* upstream_head_manifest, or push_head_manifest. account: NULL for the one for name. */
int manifests_head(struct upstream *u, const struct reponame *name,
		   const struct reference *ref, struct account *account, bool push,
		   int64_t deadline_ms, struct upstream_manifest *out, struct err *e);

#endif
