/*
 * tokens.h - tokens that are still good, shared by all threads, and what credentials may
 * not have.
 *
 * By realm, service, scope and credential. For one key one thread fetches and the others
 * wait for what it gets. What was refused to a credential is not asked for with it again
 * for a minute; a credential that is itself refused is logins.h's.
 */
#ifndef LARDER_UPSTREAM_TOKENS_H
#define LARDER_UPSTREAM_TOKENS_H

#include "upstream/token.h"

#define TOKENS_MAX 4096
#define TOKENS_DENIAL_MS 60000

/* A token other than `refused` (NULL: any), into out (limit TOKEN_MAX_BYTES), replaced.
 * Errors as token_fetch; waits until ask->deadline_ms at most. */
int tokens_get(const struct token_ask *ask, const char *refused, struct buf *out,
	       struct err *e);

/* The credential cred_id was refused at `where`, for scope. */
void tokens_deny(const char *where, const char *cred_id, const char *scope,
		 const struct err *why);
/* Was it, within the last minute? Then *e says so again. */
bool tokens_denied(const char *where, const char *cred_id, const char *scope,
		   struct err *e);

void tokens_clear(void); /* at the end, with no call running */

#endif
