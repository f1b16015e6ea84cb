/*
 * url.h - http and https URLs: what they point at, and how they may be shown. Pure.
 *
 * RFC 3986 as libcurl reads it; nothing is normalised, because a signed URL must arrive
 * as it was written.
 */
#ifndef LARDER_UPSTREAM_URL_H
#define LARDER_UPSTREAM_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define URL_MAX_BYTES 8192
#define URL_SHOWN_MAX 320

/* Where a URL leads to. */
struct url {
	bool https;
	int port;
	char host[256]; /* lower case; IPv6 in its brackets */
};

/* http or https, without user information, at most URL_MAX_BYTES; else ERR_INVALID. */
int url_parse(const char *text, struct url *out, struct err *e);
bool url_same_origin(const struct url *a, const struct url *b);
bool url_host_is_ip(const char *host);
/* A reference (RFC 3986 section 5) seen from base, into out, replacing what is there. */
int url_resolve(const char *base, struct view reference, struct buf *out, struct err *e);
/* base with one more query parameter, escaped, into out, replacing what is there. */
int url_add_query(const char *base, const char *key, const char *value, struct buf *out,
		  struct err *e);
/* scheme://host/path for people: no query (it may be signed), no user. */
void url_show(const char *text, char out[URL_SHOWN_MAX]);

#endif
