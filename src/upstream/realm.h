/*
 * realm.h - who may give tokens for a registry, and for what they are asked. Pure.
 */
#ifndef LARDER_UPSTREAM_REALM_H
#define LARDER_UPSTREAM_REALM_H

#include <stdbool.h>

#include "base/buf.h"
#include "upstream/url.h"

/* May the registry's credentials go to this realm? Same host; or same registrable domain,
 * which without the public-suffix list is taken to be the last two labels, or three where
 * those two are a country's "co.uk" and the like; or a pair known to belong together; or
 * extra_host (may be NULL), which the settings name. Never from https to http. */
bool realm_trusted(const struct url *registry, const struct url *realm,
		   const char *extra_host);

/* What requests are for. */
struct realm_want {
	const char *name; /* repository */
	bool push;	  /* to it, not only from it */
	const char *from; /* with push: a repository to mount from; or NULL */
};

/* The scope to ask for: the challenge's own where it is about this repository or no
 * repository scope at all (public.ecr.aws says "aws"), else "repository:<name>:pull".
 * Placeholders like ghcr.io's "repository:user/image:pull" are thus never used. For a
 * push, whatever repository the challenge is about, "repository:<name>:pull,push" and,
 * with from, "repository:<from>:pull" after it: one token serves all of a push. */
void realm_scope(const char *challenge_scope, const struct realm_want *want,
		 struct buf *out);

#endif
