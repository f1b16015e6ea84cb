/*
 * scan_json.h - what `larder scan` found, as JSON: an object a line for each target and
 * one for all.
 */
#ifndef LARDER_APP_SCAN_JSON_H
#define LARDER_APP_SCAN_JSON_H

struct scan;

void scan_json(struct scan *s);

#endif
