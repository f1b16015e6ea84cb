/* trust/bundle: a sigstore bundle, as anybody may push one. */
#include "signature_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_item it = { .kind = EVIDENCE_BUNDLE };

	buf_init(&it.body, EVIDENCE_MAX_BODY);
	buf_add(&it.body, data, size);
	signature_try(&it);
	buf_done(&it.body);
	return 0;
}
