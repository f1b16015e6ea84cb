/*
 * scan_data.h - the data of vulnerabilities that `larder scan` is to compare with.
 */
#ifndef LARDER_APP_SCAN_DATA_H
#define LARDER_APP_SCAN_DATA_H

#include "base/err.h"

struct scan;

/* Reads them into s->vuln and s->found. ERR_NOT_FOUND: none are named, or there are none;
 * what to do has been said. */
int scan_data(struct scan *s, struct err *e);

#endif
