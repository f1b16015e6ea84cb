/* oci/digest: a digest has one spelling, the one that was read. */
#include "fuzz.h"

#include "oci/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = fuzz_view(data, size);
	char out[DIGEST_TEXT_MAX];
	struct digest d;
	struct err e;

	if (digest_parse(text, &d, &e) == 0) {
		digest_text(&d, out);
		CHECK(view_is(text, out));
	}
	return 0;
}
