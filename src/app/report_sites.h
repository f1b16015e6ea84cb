/*
 * report_sites.h - upstreams and their pull quotas, in the words of `larder status`.
 */
#ifndef LARDER_APP_REPORT_SITES_H
#define LARDER_APP_REPORT_SITES_H

#include <stdint.h>

#include "base/buf.h"
#include "codec/json.h"

/* sites: an array as in docs/api.md, of another's making. always: also those of which
 * nothing is known. -1: over out's limit. */
int report_sites_text(struct buf *out, const struct json *sites, bool always);

/* For reports: a number that can be added up; 0 where there is none. */
int64_t report_sites_number(const struct json *doc, const char *key);
/* "1 download", "2 downloads" */
int report_sites_count(struct buf *out, int64_t n, const char *what);
/* What another sent, as it may go to a terminal. */
int report_sites_word(struct buf *out, const char *s);

#endif
