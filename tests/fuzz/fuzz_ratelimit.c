/* codec/ratelimit: RateLimit-Limit and RateLimit-Remaining. */
#include "fuzz.h"

#include <stdio.h>

#include "codec/ratelimit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ratelimit r, again;
	char text[64];

	if (ratelimit_parse(fuzz_view(data, size), &r) != 0)
		return 0;
	CHECK(r.count >= 0 && r.count <= RATELIMIT_COUNT_MAX);
	CHECK(r.window_s >= 0 && r.window_s <= RATELIMIT_WINDOW_MAX_S);
	snprintf(text, sizeof(text), "%lld;w=%lld", (long long)r.count,
		 (long long)r.window_s);
	CHECK(ratelimit_parse(view_of(text), &again) == 0);
	CHECK(again.count == r.count && again.window_s == r.window_s);
	return 0;
}
