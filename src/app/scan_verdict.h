/*
 * scan_verdict.h - the last words of a scan, on standard error: warnings of what the
 * results do not cover, and why the exit status is what it is.
 */
#ifndef LARDER_APP_SCAN_VERDICT_H
#define LARDER_APP_SCAN_VERDICT_H

struct scan;

void scan_verdict(struct scan *s);

#endif
