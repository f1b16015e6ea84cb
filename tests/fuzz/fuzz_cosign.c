/* trust/cosign: a payload and its annotations, with a NUL after each. */
#include "signature_try.h"

static char *take(struct view *left)
{
	const char *end = left->n > 0 ? memchr(left->p, '\0', left->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - left->p) : left->n;
	char *text = n > 0 ? mem_dupn(left->p, n) : NULL;

	left->p += n + (end != NULL);
	left->n -= n + (end != NULL);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_item it = { .kind = EVIDENCE_COSIGN };
	struct view left = fuzz_view(data, size);
	CLEANUP(mem_freep)
	char *body = take(&left);

	buf_init(&it.body, EVIDENCE_MAX_BODY);
	buf_adds(&it.body, body != NULL ? body : "");
	it.signature = take(&left);
	it.certificate = take(&left);
	it.chain = take(&left);
	it.bundle = take(&left);
	it.timestamp = take(&left);
	signature_try(&it);
	buf_done(&it.body);
	mem_freep(&it.signature);
	mem_freep(&it.certificate);
	mem_freep(&it.chain);
	mem_freep(&it.bundle);
	mem_freep(&it.timestamp);
	return 0;
}
