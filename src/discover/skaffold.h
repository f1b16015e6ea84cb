/*
 * skaffold.h - the images that a skaffold.yaml names (its reference, v4beta and before):
 * what artifacts are built from and with, and containers of tests and actions.
 */
#ifndef LARDER_DISCOVER_SKAFFOLD_H
#define LARDER_DISCOVER_SKAFFOLD_H

#include <stdbool.h>

#include "discover/reading.h"

bool skaffold_is(const struct yaml *doc);
void skaffold_read(struct reading *r, const struct yaml *doc);

#endif
