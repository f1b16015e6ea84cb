/*
 * token.h - fetching one token from a token service
 * (Docker Registry v2 authentication: "Token Authentication", "OAuth2 Token
 * Authentication").
 */
#ifndef LARDER_UPSTREAM_TOKEN_H
#define LARDER_UPSTREAM_TOKEN_H

#include "upstream/cred.h"
#include "upstream/remote.h"

#define TOKEN_MAX_BYTES 32768

struct token_ask {
	struct upstream *u;
	struct account *account;	     /* whose credential cred is */
	const char *realm, *service, *scope; /* service and scope may be "" */
	const struct cred *cred;	     /* to be sent; none: anonymous */
	int64_t deadline_ms;		     /* monotonic; 0: none */
};

/* What the token service's no is about; only of a request with a credential. */
enum token_refusal {
	TOKEN_REFUSAL_OTHER,
	TOKEN_REFUSAL_CREDENTIALS, /* 401: the credential itself */
	TOKEN_REFUSAL_SCOPE,	   /* 403: what was asked for */
	TOKEN_REFUSAL_LOCKED,	   /* 429 that speaks of failed logins */
};

/* out (limit TOKEN_MAX_BYTES) is replaced; *lifetime_ms is how long to use it: what the
 * service says, at least 60 s and at most a day, less a tenth. DENIED: the service said
 * 401 or 403; BUSY and UPSTREAM as in upstream.h; *refused, which the caller sets to
 * OTHER, says more. */
int token_fetch(const struct token_ask *ask, struct buf *out, int64_t *lifetime_ms,
		enum token_refusal *refused, struct err *e);
/* "Authorization: Basic ..." for a credential with a password. */
void token_basic_line(const struct cred *c, struct buf *out);

#endif
