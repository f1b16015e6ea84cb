/* oci/referrer: what comes out is JSON again, whatever came in. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "oci/referrer.h"

static void check_json(const char *text)
{
	struct json *doc = json_parse(view_of(text), NULL);

	CHECK(doc != NULL);
	CHECK(json_get_str(doc, "digest") != NULL);
	json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(1 << 20);
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(1 << 20);
	CLEANUP(buf_done)
	struct buf type = BUF_INIT(1 << 20);
	const char *p, *end;
	struct digest d;

	digest_of(HASH_SHA256, "", 0, &d);
	if (referrer_describe(fuzz_view(data, size), "m", &d, &json, &type, NULL) == 0)
		check_json(buf_str(&json));
	if (referrer_list(fuzz_view(data, size), &list, NULL) != 0)
		return 0;
	end = buf_str(&list) + list.n;
	for (p = buf_str(&list); p < end; p += strlen(p) + 1) {
		p += strlen(p) + 1; /* the type */
		CHECK(p < end);
		check_json(p);
	}
	return 0;
}
