/* codec/base64: decoding what was encoded gives it back; decoding anything is safe. */
#include "fuzz.h"

#include "base/mem.h"
#include "codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1 << 20);
	CLEANUP(buf_done)
	struct buf plain = BUF_INIT(1 << 20);
	CLEANUP(buf_done)
	struct buf small = BUF_INIT(5);
	struct err e;

	CHECK(base64_encode(data, size, &text) == 0);
	CHECK(base64_decode(buf_view(&text), &plain, &e) == 0);
	CHECK(plain.n == size && (size == 0 || memcmp(plain.p, data, size) == 0));
	buf_clear(&plain);
	if (base64_decode(fuzz_view(data, size), &plain, &e) != 0)
		CHECK(plain.n == 0 && strlen(buf_str(&plain)) == 0);
	base64_decode(fuzz_view(data, size), &small, &e);
	CHECK(small.n <= 5);
	return 0;
}
