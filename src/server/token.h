/*
 * token.h - bearer tokens of larder's own, and where clients get them
 * (distribution "Token Authentication": GET with Basic credentials, or with none).
 *
 * A token says who was logged in when it was made, for five minutes; what that one may do
 * is looked at with each request. Signed with a key of this process: a restart makes
 * clients ask for a new one, which they do by themselves.
 */
#ifndef LARDER_SERVER_TOKEN_H
#define LARDER_SERVER_TOKEN_H

#include <microhttpd.h>

#include "base/buf.h"
#include "codec/hash.h"
#include "server/request.h"

#define TOKEN_SECONDS 300
#define TOKEN_MAX_BYTES 1024

/* user: "" for a client without a name. Appends; -1: over out's limit. */
int token_make(const unsigned char key[HASH_MAC_BYTES], const char *user,
	       struct buf *out);
/* Its user, to be freed; NULL: forged, too old, or no token. */
char *token_check(const unsigned char key[HASH_MAC_BYTES], struct view token);

#endif
