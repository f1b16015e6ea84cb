/*
 * range.h - Range and Content-Range (RFC 9110 section 14), bytes only.
 */
#ifndef LARDER_CODEC_RANGE_H
#define LARDER_CODEC_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum range_kind {
	/* No header, another unit, several ranges, or not parsable: send all. */
	RANGE_NONE,
	/* Send [first, first + count) with 206. */
	RANGE_PART,
	/* 416: starts at or past the end, an empty suffix, or reversed. */
	RANGE_UNSATISFIED,
};

struct range {
	uint64_t first, count;
};

/* header as the client sent it (empty view: none), for a representation of `size` bytes.
 * A last byte past the end is cut to the end; "500-0" is UNSATISFIED. */
enum range_kind range_parse(struct view header, uint64_t size, struct range *out);

/* "bytes 5-9/100": true with total = UINT64_MAX where it is "*". False: not parsable, or
 * inconsistent (last before first, last at or past total). */
bool range_parse_content(struct view header, uint64_t *first, uint64_t *last,
			 uint64_t *total);

#endif
