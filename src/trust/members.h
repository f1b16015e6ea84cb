/*
 * members.h - members of JSON objects that were chosen by an adversary, strictly: what is
 * not known is refused, and each value has one spelling. As protobuf's JSON has them:
 * bytes are base64, 64-bit numbers may be strings.
 *
 * Errors are ERR_INVALID and name the member.
 */
#ifndef LARDER_TRUST_MEMBERS_H
#define LARDER_TRUST_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

/* o is an object, and each of its members one of these (words with a space between). */
int members_known(const struct json *o, const char *names, const char *what,
		  struct err *e);
/* Text that must be there and not empty. NULL: *e. */
const char *members_text(const struct json *o, const char *name, struct err *e);
/* Append the bytes of base64 text that must be there and not empty. */
int members_bytes(const struct json *o, const char *name, struct buf *out, struct err *e);
/* Exactly n bytes. */
int members_fixed(const struct json *o, const char *name, unsigned char *out, size_t n,
		  struct err *e);
/* A number from 0 on, or the same as a string. Absent: 0, as protobuf leaves it out,
 * unless it must be there. */
int members_number(const struct json *o, const char *name, bool must, int64_t *out,
		   struct err *e);
/* 2n hexadecimal digits in lower case. */
int members_hex(const char *text, unsigned char *out, size_t n, struct err *e);

#endif
