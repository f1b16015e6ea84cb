/* Whether an image is whole, where somebody wants that question to take for ever. */
#include "unit.h"

#include "store_try.h"
#include "base/clock.h"
#include "mirror/former.h"
#include "oci/manifest.h"
#include "store/mstore.h"

#define ENTRIES 9000

/* An index that names one manifest so many times. */
static struct digest add_index(struct store *s, const struct reponame *name,
			       const struct digest *child, size_t times)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	char text[DIGEST_TEXT_MAX];
	struct manifest parsed;
	struct stored *m;
	struct digest d;
	struct err e;
	size_t i;

	digest_text(child, text);
	buf_adds(&body, "{\"schemaVersion\":2,\"manifests\":[");
	for (i = 0; i < times; i++)
		buf_addf(&body,
			 "%s{\"mediaType\":\"" MEDIATYPE_OCI_INDEX
			 "\",\"size\":9,\"digest\":\"%s\"}",
			 i > 0 ? "," : "", text);
	assert_int_equal(buf_adds(&body, "]}"), 0);
	digest_of(HASH_SHA256, body.p, body.n, &d);
	assert_int_equal(manifest_parse(buf_view(&body), &parsed, &e), 0);
	m = stored_new(&d, MEDIATYPE_OCI_INDEX, buf_view(&body));
	assert_int_equal(mstore_put(s, name, m, &parsed, &e), 0);
	stored_unref(m);
	manifest_done(&parsed);
	return d;
}

static void indexes_of_indexes(void **state)
{
	struct store *s = try_store(state);
	struct reponame name = try_name("a/b");
	struct digest none = try_digest("none"), d = none, empty, whole;
	const struct platform any = { .os = "" };
	int64_t begin_ms;
	size_t i;

	empty = add_index(s, &name, &none, 0);
	whole = add_index(s, &name, &empty, 3);
	assert_true(former_is_whole(s, &name, &whole));
	for (i = 0; i < 4; i++)
		d = add_index(s, &name, &d, ENTRIES);
	begin_ms = clock_mono_ms();
	assert_false(former_is_whole(s, &name, &d));
	assert_false(former_find(s, &name, "1", &d, &any, &d));
	assert_true(clock_mono_ms() - begin_ms < 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_STORE(indexes_of_indexes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
