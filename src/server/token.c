/*
 * token.c - "<mac><expiry in seconds>:<user>" in base64. No state.
 */
#include "server/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/base64.h"

int token_make(const unsigned char key[HASH_MAC_BYTES], const char *user, struct buf *out)
{
	unsigned char mac[HASH_MAC_BYTES];
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(TOKEN_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(TOKEN_MAX_BYTES);

	if (buf_addf(&said, "%lld:%s", (long long)clock_wall_ms() / 1000 + TOKEN_SECONDS,
		     user) != 0)
		return -1;
	hash_mac(key, said.p, said.n, mac);
	if (buf_add(&whole, mac, sizeof(mac)) != 0 ||
	    buf_add(&whole, said.p, said.n) != 0)
		return -1;
	return base64_encode(whole.p, whole.n, out);
}

char *token_check(const unsigned char key[HASH_MAC_BYTES], struct view token)
{
	unsigned char mac[HASH_MAC_BYTES], differ = 0;
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(TOKEN_MAX_BYTES);
	const char *said, *colon;
	size_t i;

	if (token.n > 2 * TOKEN_MAX_BYTES || base64_decode(token, &whole, NULL) != 0 ||
	    whole.n <= sizeof(mac))
		return NULL;
	said = whole.p + sizeof(mac);
	hash_mac(key, said, whole.n - sizeof(mac), mac);
	for (i = 0; i < sizeof(mac); i++)
		differ |= (unsigned char)(mac[i] ^ (unsigned char)whole.p[i]);
	if (differ != 0)
		return NULL;
	colon = strchr(said, ':'); /* it is as it was made, and a NUL follows */
	if (colon == NULL || strtoll(said, NULL, 10) * 1000 < clock_wall_ms())
		return NULL;
	return mem_dup(colon + 1);
}
