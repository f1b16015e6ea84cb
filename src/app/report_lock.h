/*
 * report_lock.h - the lock in `larder status`: how many tags it has, and which of them
 * their upstreams have moved.
 */
#ifndef LARDER_APP_REPORT_LOCK_H
#define LARDER_APP_REPORT_LOCK_H

#include "base/buf.h"
#include "codec/json.h"

/* lock: as a larder that serves says it; NULL or null: it has none, and nothing is added.
 * -1: over out's limit. */
int report_lock_text(struct buf *out, const struct json *lock);

#endif
