/*
 * fill.h - the writer of a flight: download, hash, write, prove, store.
 */
#ifndef LARDER_MIRROR_FILL_H
#define LARDER_MIRROR_FILL_H

#include "base/err.h"
#include "mirror/flight_impl.h"

/* On the flight's pool thread, once. 0: proved (and stored, unless the disk was full).
 * Otherwise what was downloaded so far stays on disk, unless it was wrong. */
int fill_run(struct flight *f, struct err *e);

#endif
