/* Manifests in memory: counted, and the least recently used go at the limits. */
#include "unit.h"

#include "base/mem.h"
#include "store/mcache.h"

#define KIB 1024u

/* The i-th manifest, of n bytes. */
static struct stored *nth(unsigned i, size_t n)
{
	char *body = unit_repeat('m', n);
	struct digest d;
	struct stored *m;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	m = stored_new(&d, "application/json", (struct view){ body, n });
	test_free(body);
	return m;
}

static void put_nth(struct mcache *c, unsigned i, size_t n)
{
	struct stored *m = nth(i, n);

	mcache_put(c, m);
	stored_unref(m);
}

static bool has_nth(struct mcache *c, unsigned i)
{
	struct digest d;
	struct stored *m;

	digest_of(HASH_SHA256, &i, sizeof(i), &d);
	m = mcache_get(c, &d);
	stored_unref(m);
	return m != NULL;
}

static void a_copy_that_is_counted(void **state)
{
	char body[] = "a\0b", type[] = "t/t";
	struct mcache *c = mcache_new();
	struct stored *m, *got;
	struct digest d;

	digest_of(HASH_SHA256, body, 3, &d);
	m = stored_new(&d, type, (struct view){ body, 3 });
	body[0] = type[0] = '!';
	assert_string_equal(m->media_type, "t/t");
	assert_int_equal(m->n, 3);
	assert_memory_equal(m->body, "a\0b", 4); /* with a NUL after it */
	assert_null(mcache_get(c, &d));
	mcache_put(c, m);
	got = mcache_get(c, &d);
	assert_ptr_equal(got, m);
	stored_unref(m);
	mcache_free(c); /* the one that was got lives on */
	assert_memory_equal(got->body, "a\0b", 4);
	stored_unref(got);
	stored_unref(NULL);
	mcache_free(NULL);
}

static void bytes_in_all(void **state)
{
	struct mcache *c = mcache_new();
	unsigned i;

	for (i = 0; i < 24; i++) /* 24 times 128 KiB are 3 MiB */
		put_nth(c, i, 128 * KIB);
	for (i = 0; i < 24; i++)
		assert_true(has_nth(c, i));
	assert_true(has_nth(c, 0)); /* used: now the newest */
	put_nth(c, 100, 1);
	assert_true(has_nth(c, 0));
	assert_false(has_nth(c, 1));
	assert_true(has_nth(c, 2));
	put_nth(c, 101, 128 * KIB - 1); /* fits exactly */
	assert_true(has_nth(c, 3));
	put_nth(c, 102, 1);
	assert_int_equal(has_nth(c, 4) + has_nth(c, 5) + has_nth(c, 2), 2);
	mcache_free(c);
}

static void one_that_is_too_large(void **state)
{
	struct mcache *c = mcache_new();

	put_nth(c, 1, 10);
	put_nth(c, 2, 128 * KIB + 1);
	assert_false(has_nth(c, 2));
	assert_true(has_nth(c, 1));
	mcache_free(c);
}

static void number_of_entries(void **state)
{
	struct mcache *c = mcache_new();
	unsigned i;

	for (i = 0; i < 4096; i++)
		put_nth(c, i, 2);
	assert_true(has_nth(c, 0));
	put_nth(c, 5000, 2);
	assert_true(has_nth(c, 0));
	assert_false(has_nth(c, 1));
	assert_true(has_nth(c, 2));
	for (i = 0; i < 4096; i++)
		put_nth(c, 10000 + i, 2);
	assert_false(has_nth(c, 5000));
	assert_true(has_nth(c, 10000));
	mcache_free(c);
}

/* The digest says nothing of the type: what was put last counts. */
static void put_again(void **state)
{
	struct mcache *c = mcache_new();
	struct stored *a, *b, *got;
	struct digest d;
	int i;

	digest_of(HASH_SHA256, "x", 1, &d);
	a = stored_new(&d, "t/a", VIEW("x"));
	b = stored_new(&d, "t/b", VIEW("x"));
	mcache_put(c, a);
	mcache_put(c, a);
	got = mcache_get(c, &d);
	mcache_put(c, b);
	assert_string_equal(got->media_type, "t/a");
	stored_unref(got);
	got = mcache_get(c, &d);
	assert_string_equal(got->media_type, "t/b");
	stored_unref(got);
	stored_unref(a);
	stored_unref(b);
	for (i = 0; i < 30; i++) /* its bytes are counted once */
		put_nth(c, 7, 128 * KIB);
	assert_true(has_nth(c, 7));
	got = mcache_get(c, &d);
	assert_non_null(got);
	stored_unref(got);
	mcache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_that_is_counted),
		cmocka_unit_test(bytes_in_all),
		cmocka_unit_test(one_that_is_too_large),
		cmocka_unit_test(number_of_entries),
		cmocka_unit_test(put_again),
	};

	return cmocka_run_group_tests_name("store/mcache", tests, NULL, NULL);
}
