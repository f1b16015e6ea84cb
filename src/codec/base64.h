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

#endif
