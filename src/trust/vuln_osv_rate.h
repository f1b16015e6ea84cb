/*
 * vuln_osv_rate.h - how bad an advisory of OSV says that it is. For the files vuln*.c
 * only. Pure.
 */
#ifndef LARDER_TRUST_VULN_OSV_RATE_H
#define LARDER_TRUST_VULN_OSV_RATE_H

#include "codec/json.h"
#include "trust/vuln_impl.h"

/* The best of what doc and this member of its `affected` say (enum vuln_grade). */
struct vuln_rating vuln_osv_rate(const struct json *doc, const struct json *affected,
				 enum package_kind kind);

#endif
