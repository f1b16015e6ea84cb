/*
 * bucket.h - a rate that must not be exceeded: so many at once, then so many a second.
 *
 * A token bucket as one number, the moment at which it will be full again. Zeroed, it is
 * full. Any thread, no lock. Time is the caller's (monotonic milliseconds).
 */
#ifndef LARDER_BASE_BUCKET_H
#define LARDER_BASE_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct bucket {
	_Atomic int64_t full_ms;
};

struct bucket_rate {
	unsigned per_s; /* 1 to 1000 */
	unsigned burst; /* what a full one holds; at least 1 */
};

/* Takes one, if more than `keep` are there; keep is below burst. */
bool bucket_take(struct bucket *b, struct bucket_rate rate, unsigned keep,
		 int64_t now_ms);
/* Takes one that may not be there yet: those who come later wait for it. */
void bucket_owe(struct bucket *b, struct bucket_rate rate, int64_t now_ms);

#endif
