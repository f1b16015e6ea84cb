/*
 * pace.c - a site's bucket. No state of its own.
 */
#include "mirror/pace.h"

#include "base/clock.h"
#include "upstream/gate.h"

#define LONGEST_MS 5000 /* then it is made nonetheless, and others come later */
#define LOOK_MS 100

static const struct bucket_rate rate = { PACE_PER_S, PACE_BURST };

int pace_check(struct site *s, struct err *e)
{
	if (bucket_take(&s->checks, rate, 0, clock_mono_ms()))
		return 0;
	return err_set(e, ERR_BUSY,
		       "%s: more than %d checks a second; this one comes later", s->host,
		       PACE_PER_S);
}

void pace_wait(struct site *s, bool background)
{
	int64_t until_ms = clock_mono_ms() + LONGEST_MS, now_ms;
	unsigned keep = background ? PACE_BURST / 2 : 0;

	while (!bucket_take(&s->checks, rate, keep, now_ms = clock_mono_ms())) {
		if (now_ms >= until_ms) {
			bucket_owe(&s->checks, rate, now_ms);
			return;
		}
		gate_lock();
		while (gate_wait(now_ms + LOOK_MS))
			;
		gate_unlock();
		if (gate_stopped())
			return;
	}
}
