/*
 * pace.h - does a body come fast enough? Over every span of so many milliseconds it is
 * to bring UPSTREAM_LEAST_BYTES a second on average; a peer that sends a byte now and
 * then, and so never stalls, would keep a thread for days. Pure.
 */
#ifndef LARDER_UPSTREAM_PACE_H
#define LARDER_UPSTREAM_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	int slow_ms;	  /* the span; 0: any pace will do */
	int64_t since_ms; /* monotonic: when the present one began */
	uint64_t bytes;	  /* that had come by then */
};

void pace_begin(struct pace *p, int slow_ms, int64_t now_ms);
/* Time that was not the peer's. */
void pace_forgive(struct pace *p, int64_t ms);
/* When the span ends; INT64_MAX: never. */
int64_t pace_end(const struct pace *p);
/* bytes: come in all. At the end of a span: whether that was too little; if not, the next
 * span begins. */
bool pace_is_slow(struct pace *p, uint64_t bytes, int64_t now_ms);

#endif
