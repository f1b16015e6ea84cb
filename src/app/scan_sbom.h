/*
 * scan_sbom.h - the bill of materials of an image.
 */
#ifndef LARDER_APP_SCAN_SBOM_H
#define LARDER_APP_SCAN_SBOM_H

#include "base/err.h"

struct scan;

/* Of the only target: the one it carries, or ours, to s->output. */
int scan_sbom(struct scan *s, struct err *e);

#endif
