/*
 * test_upstream_retry.c - which failures pass, and the pauses between attempts.
 */
#include "unit.h"

#include "base/clock.h"
#include "upstream/gate.h"
#include "upstream/retry.h"

#define LATE 3000 /* that a loaded machine may be */
#define FAR (clock_mono_ms() + 3600000)

static struct err failure(enum err_kind kind, int retry_after_s)
{
	struct err e = { .kind = kind, .retry_after_s = retry_after_s };

	return e;
}

static void lasting_ones(void **state)
{
	static const enum err_kind kinds[] = { ERR_INVALID, ERR_NOT_FOUND, ERR_IO,
					       ERR_NO_SPACE, ERR_CANCELLED };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct retry r = RETRY_INIT(FAR);
		struct err e = failure(kinds[i], 0);

		assert_false(retry_again(&r, &e));
		assert_int_equal(r.failed, 1);
	}
}

/* A breaker has waited for as long as there is any use in it. */
static void known_trouble(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err e = failure(ERR_UPSTREAM, 3);

	e.lasting = true;
	assert_false(retry_again(&r, &e));
}

/* A refusal gets two more tries, wrong bytes one; other trouble between them counts anew.
 */
static void refused_ones(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err denied = failure(ERR_DENIED, 0), corrupt = failure(ERR_CORRUPT, 0);
	struct err down = failure(ERR_UPSTREAM, 0);
	int64_t began = clock_mono_ms();

	assert_true(retry_again(&r, &denied));
	assert_true(retry_again(&r, &denied));
	assert_in_range(clock_mono_ms() - began, 900, LATE + 900);
	assert_false(retry_again(&r, &denied));
	assert_true(retry_again(&r, &down));
	began = clock_mono_ms();
	assert_true(retry_again(&r, &corrupt));
	assert_in_range(clock_mono_ms() - began, 1000, LATE + 1000);
	assert_false(retry_again(&r, &corrupt));
}

/* Asking again would be one more wrong password. */
static void a_refused_credential(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err e = failure(ERR_DENIED, 0);

	e.lasting = true;
	assert_false(retry_again(&r, &e));
}

static void busy_ones(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err e = failure(ERR_BUSY, 0);
	int64_t began;

	assert_false(retry_again(&r, &e));
	e = failure(ERR_BUSY, 6);
	assert_false(retry_again(&r, &e));
	e = failure(ERR_BUSY, 1);
	began = clock_mono_ms();
	assert_true(retry_again(&r, &e));
	assert_in_range(clock_mono_ms() - began, 1000, LATE + 1000);
}

static void backs_off_and_ends(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err e = failure(ERR_UPSTREAM, 0);
	int64_t began = clock_mono_ms();

	assert_true(retry_again(&r, &e));
	assert_in_range(clock_mono_ms() - began, 75, LATE + 75);
	began = clock_mono_ms();
	assert_true(retry_again(&r, &e));
	assert_in_range(clock_mono_ms() - began, 150, LATE + 150);
	r.failed = r.max - 1;
	assert_false(retry_again(&r, &e));
	retry_progress(&r, FAR);
	began = clock_mono_ms();
	assert_true(retry_again(&r, &e));
	assert_in_range(clock_mono_ms() - began, 75, LATE + 75);
}

static void keeps_the_deadline(void **state)
{
	struct retry r = RETRY_INIT(clock_mono_ms() + 50);
	struct err e = failure(ERR_UPSTREAM, 0);
	int64_t began = clock_mono_ms();

	assert_false(retry_again(&r, &e));
	assert_in_range(clock_mono_ms() - began, 0, LATE);
}

static void ends_with_the_process(void **state)
{
	struct retry r = RETRY_INIT(FAR);
	struct err e = failure(ERR_UPSTREAM, 0);

	r.failed = 6;
	gate_stop();
	assert_false(retry_again(&r, &e));
	gate_open();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lasting_ones),
		cmocka_unit_test(known_trouble),
		cmocka_unit_test(refused_ones),
		cmocka_unit_test(a_refused_credential),
		cmocka_unit_test(busy_ones),
		cmocka_unit_test(backs_off_and_ends),
		cmocka_unit_test(keeps_the_deadline),
		cmocka_unit_test(ends_with_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
