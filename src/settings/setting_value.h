/*
 * setting_value.h - the text of one setting as a value.  Pure; any thread.
 *
 * Each returns 0, or -1 with ERR_INVALID and what would have been right ("must be a
 * duration such as 10m, ..."); the name of the setting is for the caller to put in front.
 * The bad text is quoted, cut to a line; callers with secrets do not come here.
 */
#ifndef LARDER_SETTINGS_SETTING_VALUE_H
#define LARDER_SETTINGS_SETTING_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

/* true yes on 1, false no off 0, in any case. */
int setting_value_bool(const char *text, bool *out, struct err *e);
/* One or more numbers with units ms, s, m, h, d, each with up to three decimals; or 0. */
int setting_value_duration(const char *text, int64_t *out_ms, struct err *e);
/* Bytes, with a unit (k M G T, with or without B: powers of 1000; Ki Mi Gi Ti: of 1024;
 * three decimals), or per cent from 1 to 100 ("80%"); then *percent is not 0. */
int setting_value_size(const char *text, uint64_t *bytes, unsigned *percent,
		       struct err *e);
/* Such bytes as the shortest text that setting_value_size reads back. */
void setting_value_size_text(uint64_t bytes, unsigned percent, char out[64]);
/* A decimal number without sign. */
int setting_value_count(const char *text, int64_t *out, struct err *e);
/* debug info warn error, and logrus's trace warning fatal panic. */
int setting_value_level(const char *text, enum log_level *out, struct err *e);
/* text json logstash (= json). */
int setting_value_format(const char *text, enum log_format *out, struct err *e);
/* host:port, [v6]:port or :port. *host is allocated, NULL for all interfaces. */
int setting_value_addr(const char *text, char **host, uint16_t *port, struct err *e);
/* http or https, a host, perhaps a port; no user, path, query or fragment. *url is the
 * text without a "/" at the end, *host the host:port of it as registry_host_parse has it;
 * both allocated. */
int setting_value_url(const char *text, char **url, char **host, struct err *e);
/* Name and value of a response header (RFC 9110, 5.5 and 5.6.2). */
int setting_value_header(const char *name, const char *value, struct err *e);

/* ms as the shortest text that setting_value_duration reads back, such as "1h30m". */
void setting_value_duration_text(int64_t ms, char out[64]);

#endif
