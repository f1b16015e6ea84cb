/*
 * may.h - is it any use to ask an upstream now? Decided from memory, before work begins.
 *
 * The same is decided again, with waiting, where requests are made (upstream/ledger.h,
 * upstream/breaker.h): a yes here is no promise, a no here costs nobody anything.
 */
#ifndef LARDER_UPSTREAM_MAY_H
#define LARDER_UPSTREAM_MAY_H

#include <stdbool.h>

#include "base/err.h"
#include "oci/reference.h"
#include "upstream/upstream.h"

enum upstream_want {
	UPSTREAM_WANT_CHECK, /* HEAD: is a copy that we hold still current? */
	UPSTREAM_WANT_PULL,  /* a counted GET that somebody waits for, nothing is here */
	/* A counted GET for a copy that has moved, or for a schedule: keeps off the
	 * reserve (upstream_conf.reserve). */
	UPSTREAM_WANT_REFRESH,
	UPSTREAM_WANT_BLOB, /* not counted */
	UPSTREAM_WANT_LIST, /* nor this, and of the registry alone: lists, entitlement */
};

/* 0: ask. -1: *e is what a client is told, with the time to come back in retry_after_s:
 * ERR_BUSY (quota used up, at the reserve, too many requests, login locked), ERR_DENIED
 * (login refused) or ERR_UPSTREAM (in trouble: since when, why, and when it is tried
 * again).
 *
 * While a quota is used up, CHECK and PULL are refused as well: nothing could be fetched.
 * When it is time to look whether the quota is back, one caller is let through, whose
 * requests will show it; the others go on being refused until they have, for ten seconds
 * at most. REFRESH is never that one. BLOB looks at breakers only. The reserve counts
 * pulls under way as made, and those as back that have aged out since the upstream last
 * spoke; numbers older than a window say nothing.
 *
 * name: the repository at the upstream. Makes no request, runs no helper, does not wait.
 * Any thread. */
int upstream_may(struct upstream *u, const struct reponame *name, enum upstream_want want,
		 struct err *e);

/* Could a whole image be fetched now, as far as is known: registry and CDN answer, and
 * the account's quota is not used up? Changes nothing; as cheap as a lock. Any thread. */
bool upstream_can_give(struct upstream *u, const struct reponame *name);

#endif
