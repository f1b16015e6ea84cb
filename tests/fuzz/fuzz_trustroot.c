/* trust/trustroot: trusted_root.json, or PEM. */
#include "fuzz.h"

#include "base/mem.h"
#include "trust/trustroot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(trustroot_done)
	struct trustroot root = { .nlogs = 0 };

	(void)trustroot_read_json(&root, fuzz_view(data, size), NULL);
	(void)trustroot_read_ca(&root, fuzz_view(data, size), NULL);
	(void)trustroot_read_log(&root, fuzz_view(data, size), NULL);
	CHECK(root.nlogs <= TRUSTROOT_MAX && root.nauthorities <= TRUSTROOT_MAX);
	return 0;
}
