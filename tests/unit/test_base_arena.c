/* Arena: small and large pieces, aligned, zeroed, apart. */
#include "unit.h"

#include "base/arena.h"
#include "base/mem.h"

static void pieces(void **state)
{
	struct arena *a = arena_new();
	char *last = NULL;
	size_t n, i;

	for (n = 1; n < 40000; n = n * 2 + 1) {
		char *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 'x', n);
		assert_ptr_not_equal(p, last);
		last = p;
	}
	arena_free(a);
	arena_free(NULL);
}

static void texts(void **state)
{
	struct arena *a = arena_new();
	const char *one = arena_dup(a, VIEW("one"));
	const char *none = arena_dup(a, view_of(NULL));
	const char *part = arena_dup(a, (struct view){ "part of it", 4 });

	assert_string_equal(one, "one");
	assert_string_equal(none, "");
	assert_string_equal(part, "part");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
