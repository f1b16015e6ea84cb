/* codec/range: Content-Range. What was read must come out of its own spelling again. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t first, last, total, again[3];
	char text[100], all[24] = "*";

	if (!range_parse_content(fuzz_view(data, size), &first, &last, &total))
		return 0;
	CHECK(first <= last && last < total);
	if (total != UINT64_MAX)
		snprintf(all, sizeof(all), "%" PRIu64, total);
	snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%s", first, last,
		 all);
	CHECK(range_parse_content(view_of(text), &again[0], &again[1], &again[2]));
	CHECK(again[0] == first && again[1] == last && again[2] == total);
	return 0;
}
