/*
 * scan_report.h - what `larder scan` found, put out.
 */
#ifndef LARDER_APP_SCAN_REPORT_H
#define LARDER_APP_SCAN_REPORT_H

#include "base/err.h"

struct scan;

/* It all, as a table, as JSON or as SARIF. -1: a document or a line of it could not
 * be put out. */
int scan_report(struct scan *s, struct err *e);

#endif
