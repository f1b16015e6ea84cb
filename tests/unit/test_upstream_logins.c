/* One trial of a credential at a time, and after a no no other. */
#include "unit.h"

#include <pthread.h>

#include "base/clock.h"
#include "upstream/gate.h"
#include "upstream/remote.h"

static struct account a;
static struct cred ann = { .username = (char[]){ "ann" }, .id = "1" };
static struct cred other = { .username = (char[]){ "ann" }, .id = "2" };
static struct err e;
static bool trial;

static int fresh(void **state)
{
	static char host[] = "docker.io";

	a = (struct account){ .host = host };
	e = (struct err){ 0 };
	trial = false;
	gate_open();
	return 0;
}

static int soon(const struct cred *c)
{
	return logins_begin(&a, c, clock_mono_ms() + 20, &trial, &e);
}

static void end(const struct cred *c, enum login_end how, int retry_after_s)
{
	struct err why = { 0 };

	if (how != LOGIN_END_ACCEPTED)
		err_set(&why, ERR_UPSTREAM, "trouble");
	why.retry_after_s = retry_after_s;
	logins_end(&a, c, trial, how, &why);
}

static void assert_trial(const struct cred *c)
{
	assert_int_equal(soon(c), 0);
	assert_true(trial);
}

static void a_good_one_is_tried_once(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_ACCEPTED, 0);
	assert_int_equal(soon(&ann), 0);
	assert_false(trial);
	assert_int_equal(soon(&ann), 0);
	assert_false(trial);
	logins_doubt(&a, &ann);
	assert_trial(&ann);
}

static void a_good_one_is_tried_again_after_a_pause(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_ACCEPTED, 0);
	assert_true(a.logins.until_ms > clock_mono_ms() + LOGINS_GOOD_MS - 5000);
	a.logins.until_ms = clock_mono_ms();
	assert_trial(&ann);
}

static void a_bad_one_is_refused_until_it_is_another(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_REFUSED, 0);
	assert_int_equal(a.logins.until_ms, INT64_MAX);
	assert_int_equal(soon(&ann), -1);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_true(e.lasting);
	assert_non_null(strstr(e.msg, "docker.io refused the login of user ann: check"));
	assert_trial(&other);
	end(&other, LOGIN_END_ACCEPTED, 0);
	assert_int_equal(soon(&other), 0);
	assert_false(trial);
}

/* The service may have lost its mind: one more, ten minutes later. */
static void one_that_was_good_gets_another_chance(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_ACCEPTED, 0);
	assert_int_equal(soon(&ann), 0);
	end(&ann, LOGIN_END_REFUSED, 0);
	assert_int_equal(soon(&ann), -1);
	assert_in_range(a.logins.until_ms - clock_mono_ms(), LOGINS_AGAIN_MS - 5000,
			LOGINS_AGAIN_MS);
	a.logins.until_ms = clock_mono_ms();
	assert_trial(&ann);
}

static void a_lock_is_waited_out(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_LOCKED, 0);
	assert_int_equal(soon(&ann), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_in_range(e.retry_after_s, LOGINS_LOCKED_S - 5, LOGINS_LOCKED_S);
	a.logins.until_ms = clock_mono_ms();
	assert_trial(&ann);
	end(&ann, LOGIN_END_LOCKED, 1 << 30);
	assert_int_equal(soon(&ann), -1);
	assert_true(e.retry_after_s <= LOGINS_LOCKED_MOST_S);
}

static void trouble_says_nothing_of_it(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_UNSURE, 0);
	assert_trial(&ann);
	end(&ann, LOGIN_END_ACCEPTED, 0);
	assert_int_equal(soon(&ann), 0);
	end(&ann, LOGIN_END_UNSURE, 0);
	assert_int_equal(soon(&ann), 0);
	assert_false(trial);
}

/* What an older request says late does not undo a refusal, or touch another one. */
static void late_answers(void **state)
{
	assert_trial(&ann);
	end(&ann, LOGIN_END_REFUSED, 0);
	trial = false;
	end(&ann, LOGIN_END_ACCEPTED, 0);
	assert_int_equal(soon(&ann), -1);
	assert_trial(&other);
	trial = false;
	end(&ann, LOGIN_END_ACCEPTED, 0);
	trial = true;
	end(&other, LOGIN_END_REFUSED, 0);
	assert_int_equal(soon(&other), -1);
}

static void nobody_waits_longer_than_told(void **state)
{
	assert_trial(&ann);
	assert_int_equal(soon(&ann), -1);
	assert_int_equal(e.kind, ERR_UPSTREAM);
}

static atomic_int told;

static void *waits(void *arg)
{
	struct err mine = { 0 };
	bool t = false;

	if (logins_begin(&a, &ann, clock_mono_ms() + 20000, &t, &mine) != 0 &&
	    mine.kind == ERR_DENIED && mine.lasting)
		atomic_fetch_add(&told, 1);
	return NULL;
}

static void all_who_wait_are_told(void **state)
{
	pthread_t thread[8];

	atomic_store(&told, 0);
	assert_trial(&ann);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, waits, NULL), 0);
	end(&ann, LOGIN_END_REFUSED, 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&told), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_one_is_tried_once, fresh),
		cmocka_unit_test_setup(a_good_one_is_tried_again_after_a_pause, fresh),
		cmocka_unit_test_setup(a_bad_one_is_refused_until_it_is_another, fresh),
		cmocka_unit_test_setup(one_that_was_good_gets_another_chance, fresh),
		cmocka_unit_test_setup(a_lock_is_waited_out, fresh),
		cmocka_unit_test_setup(trouble_says_nothing_of_it, fresh),
		cmocka_unit_test_setup(late_answers, fresh),
		cmocka_unit_test_setup(nobody_waits_longer_than_told, fresh),
		cmocka_unit_test_setup(all_who_wait_are_told, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
