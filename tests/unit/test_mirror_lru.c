/* Which images go first, of how many there ever are; and where going begins and ends. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "mirror/evict.h"
#include "mirror/lru.h"

static struct retire_image image(const char *repo, const char *tag, int64_t used_ms,
				 int64_t stored_ms)
{
	struct retire_image im = { .used_ms = used_ms, .stored_ms = stored_ms };

	snprintf(im.repository.s, sizeof(im.repository.s), "%s", repo);
	snprintf(im.tag, sizeof(im.tag), "%s", tag);
	return im;
}

static void offer(struct lru *l, const char *repo, const char *tag, int64_t used_ms,
		  int64_t stored_ms)
{
	struct retire_image im = image(repo, tag, used_ms, stored_ms);

	lru_offer(l, &im);
}

static void the_oldest_first(void **state)
{
	struct lru *l = lru_new(10);
	struct retire_image *im;
	size_t n;

	im = lru_sorted(l, &n);
	assert_int_equal(n, 0);
	offer(l, "b", "1", 50, 1);
	offer(l, "a", "2", 7, 7);
	offer(l, "a", "1", 7, 7);
	offer(l, "c", "1", 7, 3);
	offer(l, "d", "1", 0, 0);
	im = lru_sorted(l, &n);
	assert_int_equal(n, 5);
	assert_string_equal(im[0].repository.s, "d");
	assert_string_equal(im[1].repository.s, "c");
	assert_string_equal(im[2].tag, "1");
	assert_string_equal(im[3].tag, "2");
	assert_int_equal(im[4].used_ms, 50);
	assert_false(lru_has_dropped(l));
	lru_free(l);
	lru_free(NULL);
}

/* Whatever the order they come in. */
static void of_many_those(void **state)
{
	struct lru *l = lru_new(100);
	struct retire_image *im;
	char tag[16];
	size_t i, n;

	for (i = 0; i < 5000; i++) {
		snprintf(tag, sizeof(tag), "%zu", i * 7919 % 5000);
		offer(l, "x", tag, (int64_t)(i * 7919 % 5000), 0);
	}
	assert_true(lru_has_dropped(l));
	im = lru_sorted(l, &n);
	assert_int_equal(n, 100);
	for (i = 0; i < n; i++)
		assert_int_equal(im[i].used_ms, i);
	lru_free(l);
	l = lru_new(0);
	offer(l, "x", "1", 1, 1);
	lru_sorted(l, &n);
	assert_int_equal(n, 0);
	lru_free(l);
}

static void where_it_begins(void **state)
{
	struct evict_marks m = { .limit = 1000, .low = 900 };

	assert_int_equal(evict_start_mark(&m), 950);
	m.low = 100;
	assert_int_equal(evict_start_mark(&m), 950);
	m.low = 980; /* halfway */
	assert_int_equal(evict_start_mark(&m), 990);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_first),
		cmocka_unit_test(of_many_those),
		cmocka_unit_test(where_it_begins),
	};

	return cmocka_run_group_tests_name("mirror/lru", tests, NULL, NULL);
}
