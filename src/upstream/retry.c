/*
 * retry.c - the pauses between attempts; they are waited out on the gate, so that
 * upstream_cancel_all ends them.
 */
#include "upstream/retry.h"

#include <sys/random.h>

#include "base/clock.h"
#include "upstream/gate.h"

#define FIRST_MS 100
#define MOST_MS 5000
#define DENIED_MS 300
#define CORRUPT_MS 1000
#define SHORT_BUSY_S 5 /* longer, and the client is told instead */

static int64_t pause_ms(const struct retry *r)
{
	int64_t ms = r->failed > 6 ? MOST_MS : FIRST_MS << (r->failed - 1);
	uint32_t random = 0;

	if (ms > MOST_MS)
		ms = MOST_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)clock_mono_ms();
	return ms - (int64_t)(random % (uint32_t)(ms / 4 + 1));
}

/* How long to wait before the next attempt; -1: there is none. */
static int64_t next_ms(struct retry *r, const struct err *e)
{
	switch (e->kind) {
	case ERR_UPSTREAM:
		if (e->lasting)
			return -1;
		r->refused = 0;
		return pause_ms(r);
	case ERR_BUSY:
		r->refused = 0;
		if (e->retry_after_s <= 0 || e->retry_after_s > SHORT_BUSY_S)
			return -1;
		return (int64_t)e->retry_after_s * 1000;
	case ERR_DENIED:
		if (e->lasting)
			return -1;
		return ++r->refused <= 2 ? DENIED_MS * (int64_t)r->refused : -1;
	case ERR_CORRUPT:
	case ERR_LIMIT:
		return ++r->refused <= 1 ? CORRUPT_MS : -1;
	default:
		return -1;
	}
}

bool retry_again(struct retry *r, const struct err *e)
{
	int64_t ms, until;

	r->failed++;
	ms = r->failed < r->max ? next_ms(r, e) : -1;
	until = clock_mono_ms() + ms;
	if (ms < 0 || until >= r->deadline_ms)
		return false;
	gate_lock();
	while (gate_wait(until))
		;
	gate_unlock();
	return !gate_stopped();
}

void retry_progress(struct retry *r, int64_t new_deadline_ms)
{
	r->failed = 0;
	r->refused = 0;
	r->deadline_ms = new_deadline_ms;
}
