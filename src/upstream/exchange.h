/*
 * exchange.h - one authorised request to a registry: challenge, token, request,
 * redirects.
 */
#ifndef LARDER_UPSTREAM_EXCHANGE_H
#define LARDER_UPSTREAM_EXCHANGE_H

#include "oci/reference.h"
#include "upstream/chase.h"

/* c: kind, method, header, body, push, from, deadline_ms and callbacks set by the caller,
 * account too if it is not to be the one for name; the rest by this. path: from "/v2/"
 * on, or a whole URL of the registry's own origin. 0: answered, with c->answer.status, be
 * it a refusal. chase_done(c) is due in any case. */
int exchange_run(struct upstream *u, struct chase *c, const struct reponame *name,
		 const char *path, struct err *e);

#endif
