/*
 * vuln_merge.h - from what data say of packages to what is to be reported.
 */
#ifndef LARDER_TRUST_VULN_MERGE_H
#define LARDER_TRUST_VULN_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "trust/vuln.h"

struct vuln;

/* All data have been read: sets the findings of each image. ERR_LIMIT. Once. */
int vuln_finish(struct vuln *v, struct err *e);
/* Has another image what f tells of, by any of its names? After vuln_finish. */
bool vuln_has(struct vuln *v, size_t image, const struct vuln_finding *f);

#endif
