/* codec/httpdate: dates, and Retry-After, at a moment that never changes. */
#include "fuzz.h"

#include "codec/httpdate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = fuzz_view(data, size);
	int64_t s, again;
	char out[40];
	int wait = -1;

	if (httpdate_retry_after(text, 784111777, &wait))
		CHECK(wait >= 0 && wait <= 24 * 60 * 60);
	if (!httpdate_parse(text, &s))
		return 0;
	httpdate_format(s, out);
	/* A zone can carry a date out of the four-digit years. */
	if (s >= INT64_C(-62167219200) && s <= INT64_C(253402300799))
		CHECK(httpdate_parse(view_of(out), &again) && again == s);
	return 0;
}
