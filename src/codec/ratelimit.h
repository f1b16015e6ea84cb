/*
 * ratelimit.h - the value of RateLimit-Limit and RateLimit-Remaining as Docker Hub sends
 * them: "100;w=21600", a number of pulls and the window in seconds that it is for. Pure.
 */
#ifndef LARDER_CODEC_RATELIMIT_H
#define LARDER_CODEC_RATELIMIT_H

#include <stdint.h>

#include "base/buf.h"

#define RATELIMIT_COUNT_MAX 1000000000000 /* more is no quota but a mistake */
#define RATELIMIT_WINDOW_MAX_S 31622400	  /* a year */

struct ratelimit {
	int64_t count;	  /* 0 ... RATELIMIT_COUNT_MAX */
	int64_t window_s; /* 1 ... RATELIMIT_WINDOW_MAX_S; 0: not said, or no usable
			     number */
};

/* Of a list ("100;w=60, 500;w=3600") the first item. -1, *out untouched: no number at its
 * beginning, or a larger one. Other parameters are skipped. */
int ratelimit_parse(struct view text, struct ratelimit *out);

#endif
