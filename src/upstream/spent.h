/*
 * spent.h - how many pulls were made within the last window, by slots of time. Pure.
 *
 * A slot is a 360th of the window, so that pulls age out nearly one by one. Times are
 * wall milliseconds. What lies in the future, because the clock was set back, counts as
 * now.
 */
#ifndef LARDER_UPSTREAM_SPENT_H
#define LARDER_UPSTREAM_SPENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upstream/quota.h"

#define SPENT_SLOTS 361 /* of which 360 make a window */

struct spent {
	int64_t window_ms; /* at least 1 */
	struct spent_slot {
		int64_t at; /* time over the slot's length */
		uint32_t n;
		uint32_t news; /* of them, not taken yet */
	} slot[SPENT_SLOTS];
	bool has_news;
};

void spent_init(struct spent *s, int64_t window_ms);
/* Another length: what is known is sorted anew. */
void spent_set_window(struct spent *s, int64_t window_ms, int64_t now_ms);
/* n pulls were made at at_ms. */
void spent_add(struct spent *s, int64_t at_ms, int64_t now_ms, uint32_t n, bool news);
/* Of the window that ends now, those until until_ms, its slot included. */
int64_t spent_sum(struct spent *s, int64_t now_ms, int64_t until_ms);
/* When the oldest of them will have aged out; 0: there is none. */
int64_t spent_back(struct spent *s, int64_t now_ms);
/* Takes news, at most max slots. */
size_t spent_take(struct spent *s, int64_t now_ms, struct upstream_spent *out,
		  size_t max);

#endif
