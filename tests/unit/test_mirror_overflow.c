/* Manifests without a disk: per repository, and forgotten together at the limits. */
#include "unit.h"

#include "manifest_try.h"
#include "mirror/overflow.h"

#define MIB (1u << 20)

static struct reponame name_of(const char *text)
{
	struct reponame n;

	assert_int_equal(reponame_parse(view_of(text), &n, NULL), 0);
	return n;
}

static struct stored *nth(unsigned i, size_t n)
{
	char *body = unit_repeat('m', n);
	struct digest d;
	struct stored *m;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	m = stored_new(&d, "t/t", (struct view){ body, n });
	test_free(body);
	return m;
}

static void put_nth(struct overflow *o, unsigned i, size_t n)
{
	struct reponame a = name_of("a");
	struct stored *m = nth(i, n);

	overflow_put(o, &a, m);
	stored_unref(m);
}

static bool has_nth(struct overflow *o, const char *repo, unsigned i)
{
	struct reponame name = name_of(repo);
	struct digest d;
	struct stored *m;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	m = overflow_get(o, &name, &d);
	stored_unref(m);
	return m != NULL;
}

static void per_repository(void **state)
{
	struct overflow *o = overflow_new();
	struct reponame a = name_of("a");
	struct stored *m = try_stored("x", "t/t"), *got;

	overflow_put(o, &a, m);
	overflow_put(o, &a, m);
	got = overflow_get(o, &a, &m->digest);
	assert_ptr_equal(got, m);
	stored_unref(m);
	overflow_free(o);
	assert_string_equal(got->body, "x"); /* ours outlives it */
	stored_unref(got);
	overflow_free(NULL);
	o = overflow_new();
	put_nth(o, 1, 1);
	assert_true(has_nth(o, "a", 1));
	assert_false(has_nth(o, "b", 1));
	assert_false(has_nth(o, "a", 2));
	overflow_free(o);
}

static void bytes_in_all(void **state)
{
	struct overflow *o = overflow_new();
	unsigned i;

	for (i = 0; i < 4; i++)
		put_nth(o, i, 4 * MIB); /* 16 MiB, exactly */
	for (i = 0; i < 4; i++)
		assert_true(has_nth(o, "a", i));
	put_nth(o, 3, 4 * MIB); /* has it already */
	assert_true(has_nth(o, "a", 0));
	put_nth(o, 4, 1);
	for (i = 0; i < 4; i++)
		assert_false(has_nth(o, "a", i));
	assert_true(has_nth(o, "a", 4));
	put_nth(o, 5, 16 * MIB - 1); /* counting began again at 1 */
	assert_true(has_nth(o, "a", 4));
	overflow_free(o);
}

static void number_of_entries(void **state)
{
	struct overflow *o = overflow_new();
	unsigned i;

	for (i = 0; i < 1024; i++)
		put_nth(o, i, 1);
	assert_true(has_nth(o, "a", 0));
	assert_true(has_nth(o, "a", 1023));
	put_nth(o, 1024, 1);
	assert_false(has_nth(o, "a", 0));
	assert_true(has_nth(o, "a", 1024));
	overflow_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(per_repository),
		cmocka_unit_test(bytes_in_all),
		cmocka_unit_test(number_of_entries),
	};

	return cmocka_run_group_tests_name("mirror/overflow", tests, NULL, NULL);
}
