/*
 * scan_json.h - what `larder scan` found, as JSON: an object a line for each target and
 * one for all.
 */
#ifndef LARDER_APP_SCAN_JSON_H
#define LARDER_APP_SCAN_JSON_H

#include "base/err.h"

struct jsonout;
struct scan;
struct scan_target;
struct vuln_finding;

/* -1: a line would be over the limit; those before it have been printed. */
int scan_json(struct scan *s, struct err *e);

/* The members of these objects: a target's, without its findings; a finding's; that of
 * all. */
void scan_json_image(struct scan *s, const struct scan_target *t, struct jsonout *j);
void scan_json_finding(struct scan *s, const struct scan_target *t,
		       const struct vuln_finding *f, struct jsonout *j);
void scan_json_all(struct scan *s, struct jsonout *j);

#endif
