/*
 * scan_newer.h - where tags are at their upstreams now, and what is inside there.
 */
#ifndef LARDER_APP_SCAN_NEWER_H
#define LARDER_APP_SCAN_NEWER_H

#include "base/err.h"

struct scan;

/* Adds images to s->vuln. -1: what ends the command (ERR_LIMIT); what is not known of a
 * target is noted there. */
int scan_newer(struct scan *s, struct err *e);

#endif
