/*
 * scan_report.h - what `larder scan` found, and what it comes to.
 */
#ifndef LARDER_APP_SCAN_REPORT_H
#define LARDER_APP_SCAN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/options.h"
#include "base/err.h"
#include "trust/vuln.h"

struct scan;
struct scan_target;

/* Of one target. */
struct scan_count {
	size_t by[VULN_CRITICAL + 1]; /* that count, of all severities */
	size_t all, fixable, ignored;
	size_t hit;	/* at or above --fail-on */
	size_t mended;	/* not in the newer digest */
	size_t unrated; /* of no known severity */
	size_t hidden;	/* below --severity */
};
void scan_count(struct scan *s, const struct scan_target *t, struct scan_count *out);
bool scan_shows(const struct scan *s, const struct vuln_finding *f);
/* There are no data of some of what is in it. */
bool scan_is_blind(struct scan *s, const struct scan_target *t);
/* The data are older than larder.vulnerabilities-age, or do not say. */
bool scan_is_stale(const struct scan *s);
/* Everything was looked into, and all data of it could be read. */
bool scan_is_whole(struct scan *s);
enum exit_status scan_status(struct scan *s);
/* It all, as a table, as JSON or as SARIF. -1: a document or a line of it could not
 * be put out. */
int scan_report(struct scan *s, struct err *e);
/* "2026-11-26T06:00:00Z"; "" for 0. */
void scan_time(int64_t wall_ms, char out[32]);

#endif
