/*
 * census.h - counting what the store's files have, beside serving.
 *
 * Slice by slice: one in which a file came or went meanwhile is counted again, so the sum
 * is right whatever goes on. Downloads and uploads need a moment without a write. Where
 * no moment is found, for seconds, what is known stays, and is doubtful.
 */
#ifndef LARDER_STORE_CENSUS_H
#define LARDER_STORE_CENSUS_H

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

/* breathe, often: the time to sleep, or to say (false) that it is enough: ERR_CANCELLED;
 * what was counted so far counts. ERR_IO: a directory cannot be read. Any thread that may
 * wait for the disk. */
int census_run(struct store *s, bool (*breathe)(void *arg), void *arg, struct err *e);

#endif
