/* codec/tsa: a timestamp's response. */
#include "signature_try.h"

#include "codec/tsa.h"
#include "trust/policy_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct trustroot_authority *a = &signature_try_policy()->root.clock[0];
	int64_t at_ms = -1;

	/* What it stamps is not this. */
	CHECK(tsa_verify(fuzz_view(data, size), VIEW("not stamped"), &a->roots,
			 &a->between, &at_ms, NULL) != 0);
	CHECK(at_ms == -1);
	return 0;
}
