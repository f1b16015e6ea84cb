/*
 * auth.h - the dance of one call: begin with what is known, answer a challenge, once more
 * with a fresh token, and then no more.
 */
#ifndef LARDER_UPSTREAM_AUTH_H
#define LARDER_UPSTREAM_AUTH_H

#include "upstream/realm.h"
#include "upstream/remote.h"
#include "upstream/token.h"

struct auth {
	struct upstream *u;
	struct account *account; /* whose credential it is */
	struct realm_want want;	 /* its strings are borrowed */
	int64_t deadline_ms;
	struct buf line;  /* "Authorization: ...", or empty: go without */
	unsigned refused; /* lines that were sent and not accepted */
	bool basic;	  /* line is the credential itself */
};

/* With the challenge that the registry last gave, if it gave one. On failure auth_done is
 * still due. */
int auth_begin(struct auth *a, struct upstream *u, struct account *account,
	       const struct realm_want *want, int64_t deadline_ms, struct err *e);
/* The registry itself answered 401, or 403 with a challenge to a request without a line.
 * 1: a->line is new, ask again. 0: there is nothing left to try. -1: *e, as the token
 * service or the credentials fail. */
int auth_refused(struct auth *a, const struct transport_answer *answer, struct err *e);
void auth_done(struct auth *a);

#endif
