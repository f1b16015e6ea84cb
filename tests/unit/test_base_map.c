/* The map: many keys, the limit on entries, removal while walking. */
#include "unit.h"

#include <stdio.h>

#include "base/map.h"

static int freed;

static void count_freed(void *value)
{
	freed++;
}

static void put_get_del(void **state)
{
	struct map *m = map_new(10);
	int a, b;

	assert_null(map_get(m, "k"));
	assert_null(map_del(m, "k"));
	assert_int_equal(map_put(m, "k", &a), 0);
	assert_ptr_equal(map_get(m, "k"), &a);
	assert_int_equal(map_put(m, "k", &b), 0);
	assert_int_equal(map_count(m), 1);
	assert_ptr_equal(map_del(m, "k"), &b);
	assert_int_equal(map_count(m), 0);
	assert_null(map_get(m, "k"));
	map_free(m, NULL);
	map_free(NULL, NULL);
}

static void keys_are_copied(void **state)
{
	struct map *m = map_new(10);
	char key[] = "one";
	int v;

	assert_int_equal(map_put(m, key, &v), 0);
	key[0] = 'X';
	assert_ptr_equal(map_get(m, "one"), &v);
	assert_int_equal(map_put(m, "", &v), 0);
	assert_ptr_equal(map_get(m, ""), &v);
	map_free(m, NULL);
}

static void limit(void **state)
{
	struct map *m = map_new(2);
	int v;

	assert_int_equal(map_put(m, "a", &v), 0);
	assert_int_equal(map_put(m, "b", &v), 0);
	assert_int_equal(map_put(m, "c", &v), -1);
	assert_null(map_get(m, "c"));
	assert_int_equal(map_put(m, "b", m), 0); /* replacing needs no room */
	assert_non_null(map_del(m, "a"));
	assert_int_equal(map_put(m, "c", &v), 0);
	map_free(m, NULL);
}

static bool is_odd(void *value, void *arg)
{
	++*(int *)arg;
	return *(int *)value % 2 == 1;
}

static void thousands_and_a_sweep(void **state)
{
	enum { N = 5000 };
	static int v[N];
	struct map *m = map_new(N);
	char key[16];
	int i, seen = 0;

	for (i = 0; i < N; i++) {
		v[i] = i;
		snprintf(key, sizeof(key), "key%d", i);
		assert_int_equal(map_put(m, key, &v[i]), 0);
	}
	assert_int_equal(map_count(m), N);
	map_sweep(m, is_odd, &seen);
	assert_int_equal(seen, N);
	assert_int_equal(map_count(m), N / 2);
	for (i = 0; i < N; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		assert_ptr_equal(map_get(m, key), i % 2 ? NULL : &v[i]);
	}
	freed = 0;
	map_free(m, count_freed);
	assert_int_equal(freed, N / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_del),
		cmocka_unit_test(keys_are_copied),
		cmocka_unit_test(limit),
		cmocka_unit_test(thousands_and_a_sweep),
	};

	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
