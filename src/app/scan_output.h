/*
 * scan_output.h - where `larder scan --output` says.
 */
#ifndef LARDER_APP_SCAN_OUTPUT_H
#define LARDER_APP_SCAN_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

struct scan;

/* To s->output as a whole or not at all; without one, or for "-", to standard output. */
int scan_output(const struct scan *s, const struct buf *out, struct err *e);

#endif
