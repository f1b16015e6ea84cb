/*
 * inventory_json.h - a row of the inventory as one line of JSON, as docs/api.md has it.
 */
#ifndef LARDER_MIRROR_INVENTORY_JSON_H
#define LARDER_MIRROR_INVENTORY_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "mirror/inventory.h"

#define INVENTORY_JSON_MAX (32u << 10) /* of one row */

/* Appends the object and a newline. -1: over out's limit. */
int inventory_json_write(struct buf *out, const struct inventory_row *r);
/* One that another larder wrote; members that are not known are passed over.
 * ERR_UPSTREAM: it is none. */
int inventory_json_read(struct view line, struct inventory_row *out, struct err *e);
/* "2025-11-25T22:00:00Z" with its quotes, or null for 0. */
int inventory_json_time(struct buf *out, int64_t wall_ms);

#endif
