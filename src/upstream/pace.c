/*
 * pace.c - one span after the other; a burst does not pay for what comes after it.
 */
#include "upstream/pace.h"

#include "upstream/upstream.h"

void pace_begin(struct pace *p, int slow_ms, int64_t now_ms)
{
	*p = (struct pace){ slow_ms, now_ms, 0 };
}

void pace_forgive(struct pace *p, int64_t ms)
{
	p->since_ms += ms;
}

int64_t pace_end(const struct pace *p)
{
	return p->slow_ms > 0 ? p->since_ms + p->slow_ms : INT64_MAX;
}

bool pace_is_slow(struct pace *p, uint64_t bytes, int64_t now_ms)
{
	if (now_ms < pace_end(p))
		return false;
	if ((bytes - p->bytes) * 1000 < (uint64_t)p->slow_ms * UPSTREAM_LEAST_BYTES)
		return true;
	p->since_ms = now_ms;
	p->bytes = bytes;
	return false;
}
