/*
 * base64.h - RFC 4648 section 4, as used in Authorization and in Docker's config.json.
 */
#ifndef LARDER_CODEC_BASE64_H
#define LARDER_CODEC_BASE64_H

#include "base/buf.h"
#include "base/err.h"

/* Appends; -1: over the limit. */
int base64_encode(const void *p, size_t n, struct buf *out);
/* Appends. Padding may be missing; other characters are ERR_INVALID. */
int base64_decode(struct view text, struct buf *out, struct err *e);
/* The same, but only the one text that base64_encode makes of the bytes: with its
 * padding, without bits that mean nothing. For what is signed, so that no two texts are
 * one. */
int base64_decode_exact(struct view text, struct buf *out, struct err *e);
/* Likewise, of RFC 4648 section 5 without padding (RFC 7515, "Base64url Encoding"). */
int base64_decode_url(struct view text, struct buf *out, struct err *e);

#endif
