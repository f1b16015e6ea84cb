/* codec/range: Range. The first eight bytes are the size of the representation. */
#include "fuzz.h"

#include "codec/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range r;
	uint64_t length;

	if (size < sizeof(length))
		return 0;
	memcpy(&length, data, sizeof(length));
	if (range_parse(fuzz_view(data + 8, size - 8), length, &r) == RANGE_PART)
		CHECK(r.count > 0 && r.first < length && r.count <= length - r.first);
	return 0;
}
