/*
 * bucket.c - owns nothing.
 */
#include "base/bucket.h"

#include <assert.h>

#define MOST_BURSTS 10 /* that can be owed */

static int64_t step_ms(struct bucket_rate rate)
{
	assert(rate.per_s >= 1 && rate.per_s <= 1000 && rate.burst >= 1);
	return 1000 / rate.per_s;
}

/* What it becomes by one that is taken: full that much later. So far ahead it never is;
 * then the clock has been set back. */
static int64_t after_one(int64_t full_ms, struct bucket_rate rate, int64_t now_ms)
{
	int64_t most_ms = now_ms + MOST_BURSTS * step_ms(rate) * rate.burst;
	bool counts = full_ms > now_ms && full_ms <= most_ms;

	return (counts ? full_ms : now_ms) + step_ms(rate);
}

bool bucket_take(struct bucket *b, struct bucket_rate rate, unsigned keep, int64_t now_ms)
{
	int64_t was = atomic_load(&b->full_ms), then;

	assert(keep < rate.burst);
	do {
		then = after_one(was, rate, now_ms);
		if (then - now_ms > step_ms(rate) * (rate.burst - keep))
			return false;
	} while (!atomic_compare_exchange_weak(&b->full_ms, &was, then));
	return true;
}

void bucket_owe(struct bucket *b, struct bucket_rate rate, int64_t now_ms)
{
	int64_t was = atomic_load(&b->full_ms);

	while (!atomic_compare_exchange_weak(&b->full_ms, &was,
					     after_one(was, rate, now_ms)))
		;
}
