/*
 * refusal.h - what an answer that is not a success means.
 */
#ifndef LARDER_UPSTREAM_REFUSAL_H
#define LARDER_UPSTREAM_REFUSAL_H

#include "upstream/chase.h"

/* Fill *e from a finished request with a status that is not a success; -1. 401 and 403
 * are DENIED only from the registry itself: from a place it redirected to they mean that
 * a link has expired, and asking again helps. 403 with Retry-After is BUSY: it is not the
 * credentials' fault (so does another larder refuse). 404 is NOT_FOUND where a registry
 * says it. blob: a redirect target's 404 says nothing about the blob. */
int refusal_of(const struct chase *c, bool blob, struct err *e);
/* The same without 401, 403 and 404: 429 is BUSY, the rest UPSTREAM. */
int refusal_plain(const struct chase *c, struct err *e);
/* ": message" of the first error of a registry's answer, fit for a log; "" where there is
 * none, or where it repeats what we sent to prove who we are. False: no such answer. code
 * (may be NULL) is the error's, "" where there is none. */
#define REFUSAL_SAID_MAX 160
#define REFUSAL_CODE_MAX 40
bool refusal_says(const struct chase *c, char out[REFUSAL_SAID_MAX],
		  char code[REFUSAL_CODE_MAX]);
/* Is it an HTML page, by its type or its beginning? */
bool refusal_is_html(const struct transport_answer *a, struct view body);

#endif
