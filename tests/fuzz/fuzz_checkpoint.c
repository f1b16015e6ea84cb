/* trust/tlog: a checkpoint, and a proof whose numbers and hashes are from the input. */
#include "signature_try.h"

#include "trust/policy_impl.h"
#include "trust/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct trustroot *root = &signature_try_policy()->root;
	uint64_t in[2] = { 0, 1 }, tree;
	tlog_hash out, leaf = { 0 };
	size_t i, n;

	for (i = 0; i < root->nlogs; i++)
		(void)tlog_checkpoint(fuzz_view(data, size), &root->log[i], &tree, out,
				      NULL);
	if (size < sizeof(in))
		return 0;
	memcpy(in, data, sizeof(in));
	n = (size - sizeof(in)) / TLOG_HASH_BYTES;
	n = n < TLOG_MAX_HASHES ? n : TLOG_MAX_HASHES;
	if (tlog_root(leaf, in[0], in[1], (const tlog_hash *)(data + sizeof(in)), n, out,
		      NULL) == 0)
		CHECK(in[0] < in[1]);
	return 0;
}
