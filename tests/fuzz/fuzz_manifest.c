/* oci/manifest: what it names stays within the limits of manifest.h. */
#include "fuzz.h"

#include "base/mem.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_done)
	struct manifest m = { 0 };
	char text[100];
	struct err e;
	size_t i;

	if (manifest_parse(fuzz_view(data, size), &m, &e) != 0)
		return 0;
	CHECK(m.nchildren <= MANIFEST_MAX_CHILDREN);
	CHECK(m.media_type[0] != '\0');
	CHECK(m.kind != MANIFEST_OLD || (m.nchildren == 0 && !m.has_subject));
	for (i = 0; i < m.nchildren; i++) {
		CHECK(m.child[i].size <= CHILD_MAX_BYTES);
		CHECK(m.kind == MANIFEST_INDEX || !m.child[i].is_manifest);
		platform_text(&m.child[i].platform, text);
	}
	return 0;
}
