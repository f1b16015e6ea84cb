/* Claims: one holder a key, the next when it lets go, and nobody past a deadline. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "mirror/claim.h"

static void keys_are_apart(void **state)
{
	struct claims *c = claims_new();
	int64_t now = clock_mono_ms();

	assert_true(claim_take(c, "a", now + 10000));
	assert_true(claim_take(c, "b", now + 10000));
	claim_release(c, "a");
	assert_true(claim_take(c, "a", now + 10000));
	claim_release(c, "a");
	claim_release(c, "b");
	claims_free(c);
	claims_free(NULL);
}

static void deadline(void **state)
{
	struct claims *c = claims_new();
	int64_t now = clock_mono_ms();

	assert_true(claim_take(c, "a", now));
	assert_false(claim_take(c, "a", now + 50));
	assert_true(clock_mono_ms() >= now + 50);
	assert_false(claim_take(c, "a", now - 50)); /* past: at once */
	assert_false(claim_take(c, "a", 0));
	assert_false(claim_take(c, "a", -1));
	assert_true(claim_take(c, "b", now - 50)); /* a free one needs no time */
	claim_release(c, "a");
	claim_release(c, "b");
	claims_free(c);
}

struct crowd {
	struct claims *c;
	atomic_int inside, done;
};

static void *worker(void *arg)
{
	struct crowd *w = arg;

	if (!claim_take(w->c, "key", clock_mono_ms() + 30000))
		return NULL;
	if (atomic_fetch_add(&w->inside, 1) == 0)
		atomic_fetch_add(&w->done, 1);
	atomic_fetch_sub(&w->inside, 1);
	claim_release(w->c, "key");
	return NULL;
}

static void one_at_a_time(void **state)
{
	struct crowd w = { .c = claims_new() };
	pthread_t thread[8];
	size_t i;

	assert_true(claim_take(w.c, "key", 0));
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, worker, &w), 0);
	assert_int_equal(atomic_load(&w.done), 0);
	claim_release(w.c, "key");
	for (i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&w.done), 8);
	claims_free(w.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_apart),
		cmocka_unit_test(deadline),
		cmocka_unit_test(one_at_a_time),
	};

	return cmocka_run_group_tests_name("mirror/claim", tests, NULL, NULL);
}
