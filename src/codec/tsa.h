/*
 * tsa.h - timestamps by authorities (RFC 3161; libcrypto). Any thread.
 */
#ifndef LARDER_CODEC_TSA_H
#define LARDER_CODEC_TSA_H

#include <stdint.h>

#include "codec/cert.h"

#define TSA_MAX_BYTES (64u << 10)

/* Does a whole TimeStampResp say that `over` was there at *at_ms (wall clock)? Its signer
 * must lead to one of the roots, as a certificate for timestamps that was valid then.
 * ERR_INVALID: it is malformed, or its hash is not of the SHA-2 family; ERR_DENIED: it is
 * not genuine, or about something else. */
int tsa_verify(struct view response, struct view over, const struct cert_list *roots,
	       const struct cert_list *between, int64_t *at_ms, struct err *e);

#endif
