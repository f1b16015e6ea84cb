/*
 * scan_output.h - where `larder scan --output` says.
 */
#ifndef LARDER_APP_SCAN_OUTPUT_H
#define LARDER_APP_SCAN_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

struct scan;

/* Before any work. ERR_INVALID: a pipe, a device or a link is there, which is to stay. */
int scan_output_check(const struct scan *s, struct err *e);
/* To s->output as a whole or not at all; without one, or for "-", to standard output. */
int scan_output(const struct scan *s, const struct buf *out, struct err *e);

#endif
