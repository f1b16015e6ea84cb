/*
 * httpdate.h - HTTP-date and what is built on it (RFC 9110 sections 5.6.7 and 10.2.3).
 */
#ifndef LARDER_CODEC_HTTPDATE_H
#define LARDER_CODEC_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The three formats of RFC 9110 and RFC 3339, as seconds since 1970. */
bool httpdate_parse(struct view text, int64_t *seconds);
/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void httpdate_format(int64_t seconds, char out[40]);
/* "2026-11-26T06:00:00Z" (RFC 3339); "" for a year that has not four digits. */
void httpdate_format_iso(int64_t seconds, char out[24]);
/* Retry-After: seconds or a date, as seconds from now_s; 0 to one day. */
bool httpdate_retry_after(struct view text, int64_t now_s, int *seconds);

#endif
