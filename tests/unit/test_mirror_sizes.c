/* Sizes that manifests claim, and those that are known. */
#include "unit.h"

#include "manifest_try.h"
#include "mirror/sizes.h"
#include "store_try.h"

static void claims_and_proof(void **state)
{
	struct sizes *s = sizes_new();
	struct child child[2] = {
		{ .digest = try_digest("a"), .size = 10 },
		{ .digest = try_digest("b"), .size = 20, .is_manifest = true }
	};
	struct manifest m = { .child = child, .nchildren = 2 };
	struct digest root = try_digest("root");

	assert_int_equal(sizes_get(s, &child[0].digest, 7), 7);
	sizes_note(s, &m);
	assert_int_equal(sizes_get(s, &child[0].digest, 7), 10);
	assert_int_equal(sizes_get(s, &child[1].digest, 7), 7);
	child[0].size = 5; /* the larger stands */
	sizes_note(s, &m);
	assert_int_equal(sizes_get(s, &child[0].digest, 7), 10);
	sizes_proved(s, &child[0].digest, 4);
	child[0].size = 99;
	sizes_note(s, &m);
	assert_int_equal(sizes_get(s, &child[0].digest, 7), 4);
	assert_false(sizes_has(s, &root));
	sizes_proved(s, &root, 100);
	assert_true(sizes_has(s, &root));
	sizes_free(s);
	sizes_free(NULL);
}

/* What has no room is forgotten, and noted again. */
static void at_the_limit(void **state)
{
	struct sizes *s = sizes_new();
	char text[32];
	struct digest d;

	for (int i = 0; i <= 16384; i++) {
		snprintf(text, sizeof(text), "%d", i);
		d = try_digest(text);
		sizes_proved(s, &d, (uint64_t)i);
	}
	assert_int_equal(sizes_get(s, &d, 7), 16384);
	d = try_digest("0");
	assert_int_equal(sizes_get(s, &d, 7), 7);
	sizes_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_and_proof),
		cmocka_unit_test(at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
