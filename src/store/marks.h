/*
 * marks.h - a set of digests in little memory: 16 bytes for each, of all digests or only
 * of those in a range, so that what does not fit at once is done range by range.
 *
 * Digests that agree in their first 128 bits are one: then something stays that need not.
 * One thread at a time.
 */
#ifndef LARDER_STORE_MARKS_H
#define LARDER_STORE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/digest.h"

#define MARKS_RANGE_END 65536u /* ranges are of a digest's first two bytes */

struct marks;

/* At most so many bytes of memory (half as much again while it grows). */
struct marks *marks_new(size_t max_bytes);
void marks_free(struct marks *m); /* NULL is fine */
/* Empty, and of the range [from, to) from now on. */
void marks_begin(struct marks *m, uint32_t from, uint32_t to);
/* Outside the range nothing happens. False: it is full. */
bool marks_add(struct marks *m, const struct digest *d);
bool marks_has(const struct marks *m, const struct digest *d);
bool marks_covers(const struct marks *m, const struct digest *d);
size_t marks_count(const struct marks *m);

#endif
