/*
 * challenge.h - WWW-Authenticate (RFC 9110 section 11.6.1), as registries really send it:
 * unquoted values, several challenges on one line or in several headers, unknown schemes.
 */
#ifndef LARDER_CODEC_CHALLENGE_H
#define LARDER_CODEC_CHALLENGE_H

#include <stdbool.h>

#include "base/buf.h"

#define CHALLENGE_VALUE_MAX 1024 /* longer values make the challenge unusable */

struct challenge {
	/* Basic was offered; Bearer was, with a realm. */
	bool basic, bearer;
	char realm[CHALLENGE_VALUE_MAX]; /* Bearer's; the rest is empty where not given */
	char service[CHALLENGE_VALUE_MAX];
	char scope[CHALLENGE_VALUE_MAX];
	char error[64]; /* "invalid_token", "insufficient_scope", ... */
};

/* Adds what one header line offers to *c, which starts zeroed; the first Bearer with a
 * realm wins. Garbage is skipped; never fails, at most 8 KiB of the line are read. */
void challenge_parse(struct view header, struct challenge *c);

#endif
