/* trust/notation: a JWS envelope. */
#include "signature_try.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_item it = { .kind = EVIDENCE_NOTATION };

	snprintf(it.media_type, sizeof(it.media_type), "application/jose+json");
	buf_init(&it.body, EVIDENCE_MAX_BODY);
	buf_add(&it.body, data, size);
	signature_try(&it);
	buf_done(&it.body);
	return 0;
}
