/*
 * history_tidy.h - histories that are of no more use, or torn. For a collection and a
 * scrub; any thread that may block.
 */
#ifndef LARDER_STORE_HISTORY_TIDY_H
#define LARDER_STORE_HISTORY_TIDY_H

#include <stdint.h>

#include "store/store.h"

/* That long the history of a tag that is not here any more stays. */
#define HISTORY_TIDY_AFTER_MS (400LL * 24 * 3600 * 1000)

/* Of tags that are not here, those go where nothing was noted for that long, and where
 * the tag was deleted and none of the manifests it led to is here either. How many went.
 */
uint64_t history_tidy(struct store *s, int64_t now_ms);

#endif
