/* codec/json: parse, then touch every value with every getter. */
#include "fuzz.h"

#include "base/mem.h"
#include "codec/json.h"

static void walk(const struct json *v, int depth)
{
	const struct json *member;
	const char *key;
	void *at = NULL;
	int64_t n;
	size_t i;

	CHECK(depth <= JSON_MAX_DEPTH);
	CHECK(json_str(v) == NULL || strlen(json_str(v)) < (1u << 30));
	for (i = 0; i < json_len(v); i++)
		walk(json_at(v, i), depth + 1);
	while (json_each(v, &at, &key, &member)) {
		CHECK(json_get(v, key) == member);
		json_get_int(v, key, &n);
		json_get_str(v, key);
		walk(member, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	CLEANUP(json_freep)
	struct json *doc = json_parse(fuzz_view(data, size), &e);

	CHECK(doc != NULL || e.kind == ERR_INVALID);
	walk(doc, 0);
	return 0;
}
