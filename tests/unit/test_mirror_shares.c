/* What images share: each blob once, an image once, and nothing known over the limit. */
#include "unit.h"

#include <stdio.h>

#include "mirror/shares.h"

static struct digest nth(unsigned i)
{
	struct digest d;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	return d;
}

static void counts(void **state)
{
	struct shares *s = shares_new();
	struct digest a = nth(1), b = nth(2);
	struct share got;

	shares_next(s);
	assert_true(shares_blob(s, &a, 10, true).first);
	assert_false(shares_blob(s, &a, 10, true).first); /* twice in one image */
	shares_next(s);
	assert_true(shares_blob(s, &a, 10, true).first);
	assert_true(shares_blob(s, &b, 5, true).first);
	assert_int_equal(shares_counted_bytes(s), 15);
	assert_int_equal(shares_seen_bytes(s), 0);

	shares_next(s);
	got = shares_blob(s, &a, 10, false);
	assert_true(got.first && got.others);
	got = shares_blob(s, &a, 10, false);
	assert_true(!got.first && got.others);
	got = shares_blob(s, &b, 5, false);
	assert_true(got.first && !got.others);
	assert_int_equal(shares_counted_bytes(s), 15);
	assert_int_equal(shares_seen_bytes(s), 15);
	assert_true(shares_has(s, &b));
	b = nth(3);
	assert_false(shares_has(s, &b));
	assert_false(shares_unknown(s));
	shares_free(s);
	shares_free(NULL);
}

static void images(void **state)
{
	struct shares *s = shares_new();
	struct reponame a, b;
	struct digest d = nth(1), other = nth(2);

	reponame_parse(VIEW("a"), &a, NULL);
	reponame_parse(VIEW("b"), &b, NULL);
	assert_true(shares_image(s, &a, &d));
	assert_false(shares_image(s, &a, &d));
	assert_true(shares_image(s, &b, &d));
	assert_true(shares_image(s, &a, &other));
	assert_int_equal(shares_images(s), 3);
	shares_free(s);
}

static void the_limit(void **state)
{
	struct shares *s = shares_new();
	struct digest d;
	unsigned i;

	shares_next(s);
	for (i = 0; i < SHARES_MAX_BLOBS; i++) {
		d = nth(i);
		shares_blob(s, &d, 1, true);
	}
	assert_false(shares_unknown(s));
	assert_int_equal(shares_counted_bytes(s), SHARES_MAX_BLOBS);
	for (i = 0; i < SHARES_MAX_BLOBS; i += 997) {
		d = nth(i);
		assert_true(shares_has(s, &d));
	}
	d = nth(SHARES_MAX_BLOBS);
	assert_true(shares_blob(s, &d, 1, true).first);
	assert_true(shares_unknown(s));
	shares_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(images),
		cmocka_unit_test(the_limit),
	};

	return cmocka_run_group_tests_name("mirror/shares", tests, NULL, NULL);
}
