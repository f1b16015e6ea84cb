/*
 * scan_sarif_rule.h - what a SARIF log says of one vulnerability, in whichever images and
 * packages it is: a reportingDescriptor (SARIF 2.1.0, 3.49).
 */
#ifndef LARDER_APP_SCAN_SARIF_RULE_H
#define LARDER_APP_SCAN_SARIF_RULE_H

#include <stddef.h>

#include "app/scan_sarif_list.h"
#include "codec/jsonout.h"
#include "trust/vuln.h"

#define SCAN_SARIF_RULE_ROWS                                                             \
	50 /* packages listed in its help; of more it says how many */

/* of: all entries of one id, n > 0, sorted by kind, package, version and fix. */
void scan_sarif_rule(const struct scan_sarif_entry *const *of, size_t n,
		     struct jsonout *j);
/* "error", "warning" or "note"; static. */
const char *scan_sarif_rule_level(enum vuln_severity severity);

#endif
