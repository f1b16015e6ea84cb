/* What a quota allows: up to the last pull, not one more, and again when it is back. */
#include "ledger_try.h"

#include <pthread.h>

static void silence_holds_nothing_back(void **state)
{
	struct transport_answer t = { .status = 200 };
	struct ledger_pull p[100], q;
	int64_t began = clock_mono_ms();
	size_t i;

	/* Before the first answer one goes ahead. */
	assert_int_equal(soon(&p[0]), 0);
	assert_err(soon(&q), e, ERR_BUSY);
	assert_true(clock_mono_ms() - began >= 20);
	ledger_note(&a, &t, true, began);
	for (i = 1; i < 100; i++)
		assert_int_equal(soon(&p[i]), 0);
	for (i = 0; i < 100; i++)
		ledger_end(&a, &p[i], LEDGER_END_COUNTED, 0, &e);
	assert_false(shown().known);
	assert_int_equal(shown().spent, 100);
	assert_int_equal(shown().others, 0);
}

static void the_first_is_not_waited_for_for_long(void **state)
{
	struct ledger_pull p, q;

	assert_int_equal(soon(&p), 0);
	assert_int_equal(ledger_begin(&u, &a, 0, &q, &e), 0);
	ledger_end(&a, &q, LEDGER_END_OTHER, 0, &e);
	ledger_end(&a, &p, LEDGER_END_OTHER, 0, &e);
}

static void a_quarter_of_what_is_left(void **state)
{
	struct ledger_pull p[3];

	say(100, 9);
	assert_int_equal(soon(&p[0]), 0);
	assert_int_equal(soon(&p[1]), 0);
	assert_err(soon(&p[2]), e, ERR_BUSY);
	/* But what does not get on is not waited for. */
	assert_int_equal(ledger_begin(&u, &a, 0, &p[2], &e), 0);
	ledger_end(&a, &p[0], LEDGER_END_COUNTED, 0, &e);
	ledger_end(&a, &p[1], LEDGER_END_COUNTED, 0, &e);
	ledger_end(&a, &p[2], LEDGER_END_COUNTED, 0, &e);
}

static void no_more_under_way_than_there_are(void **state)
{
	struct ledger_pull p[3];

	say(100, 9);
	assert_int_equal(soon(&p[0]), 0);
	assert_int_equal(soon(&p[1]), 0);
	say(100, 2);
	assert_int_equal(ledger_begin(&u, &a, clock_mono_ms() + 1200, &p[2], &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_false(shown().used_up);
	/* Both failed, and were not counted: another may. */
	ledger_end(&a, &p[0], LEDGER_END_OTHER, 0, &e);
	ledger_end(&a, &p[1], LEDGER_END_OTHER, 0, &e);
	assert_int_equal(soon(&p[2]), 0);
	say(100, 0);
	ledger_end(&a, &p[2], LEDGER_END_COUNTED, 0, &e);
	assert_refused();
	assert_true(shown().used_up);
	assert_int_equal(shown().others, 99);
	assert_int_equal(shown().spent, 1);
}

static void *finish(void *arg)
{
	usleep(20000);
	say(100, 1);
	ledger_end(&a, arg, LEDGER_END_COUNTED, 0, NULL);
	return NULL;
}

static void who_waits_goes_on_with_new_numbers(void **state)
{
	struct ledger_pull p, q;
	pthread_t t;

	say(100, 1);
	assert_int_equal(soon(&p), 0);
	assert_int_equal(pthread_create(&t, NULL, finish, &p), 0);
	assert_int_equal(ledger_begin(&u, &a, clock_mono_ms() + 10000, &q, &e), 0);
	ledger_end(&a, &q, LEDGER_END_COUNTED, 0, &e);
	pthread_join(t, NULL);
}

static void *stop(void *arg)
{
	usleep(20000);
	gate_stop();
	return NULL;
}

static void a_stop_ends_the_wait(void **state)
{
	struct ledger_pull p, q;
	pthread_t t;

	say(100, 1);
	assert_int_equal(soon(&p), 0);
	assert_int_equal(pthread_create(&t, NULL, stop, NULL), 0);
	assert_int_equal(ledger_begin(&u, &a, 0, &q, &e), -1);
	assert_int_equal(e.kind, ERR_CANCELLED);
	pthread_join(t, NULL);
	gate_open();
}

static void answers_overtake_each_other(void **state)
{
	int64_t before = clock_mono_ms() - 5, after;

	say_at(100, 50, before);
	say_at(100, 52, before); /* was sent before the 50 came: it may be older */
	assert_int_equal(shown().remaining, 50);
	say_at(100, 49, before);
	assert_int_equal(shown().remaining, 49);
	after = clock_mono_ms() + 1;
	say_at(100, 60, after);
	assert_int_equal(shown().remaining, 60);
	/* Other numbers altogether count at once. */
	say_at(200, 190, before);
	assert_int_equal(shown().remaining, 190);
}

static void others_spend_too(void **state)
{
	say(100, 90);
	assert_int_equal(shown().others, 10);
	pull(100, 89);
	pull(100, 88);
	assert_int_equal(shown().spent, 2);
	assert_int_equal(shown().others, 10);
	say(100, 80);
	assert_int_equal(shown().others, 18);
	/* Ours age out of the window, theirs do not become more by it. */
	move(3 * HOUR_MS);
	pull(100, 79);
	assert_int_equal(shown().others, 18);
	move(3 * HOUR_MS + 120000);
	assert_int_equal(shown().spent, 1);
	/* What was said a window ago says nothing. */
	move(3 * HOUR_MS);
	assert_int_equal(shown().others, 0);
	assert_int_equal(shown().spent, 0);
}

static void used_up_until_it_is_back(void **state)
{
	struct ledger_pull p, q;
	int64_t now = clock_wall_ms();

	say(100, 2);
	pull(100, 1);
	move(HOUR_MS);
	pull(100, 0);
	assert_refused();
	/* The first of ours is there again five hours from now, or a slot later. */
	assert_in_range(e.retry_after_s, 5 * 3600, 5 * 3600 + 70);
	assert_in_range(shown().back_wall_ms - now, 6 * HOUR_MS, 6 * HOUR_MS + 70000);
	/* When it is time to look, one request does, and no other. */
	move(301000);
	assert_int_equal(soon(&p), 0);
	assert_true(p.look);
	assert_refused();
	ledger_end(&a, &p, LEDGER_END_REFUSED, 0, &e);
	assert_refused();
	move(301000);
	assert_int_equal(soon(&p), 0);
	say(100, 50);
	assert_int_equal(soon(&q), 0);
	assert_false(q.look);
	ledger_end(&a, &p, LEDGER_END_COUNTED, 0, &e);
	ledger_end(&a, &q, LEDGER_END_COUNTED, 0, &e);
	assert_false(shown().used_up);
	assert_int_equal(shown().back_wall_ms, 0);
}

static void a_check_says_that_it_is_back(void **state)
{
	say(100, 0);
	assert_refused();
	assert_in_range(e.retry_after_s, WINDOW_S - 1, WINDOW_S);
	say(100, 3);
	assert_false(shown().used_up);
	pull(100, 2);
}

static void a_refusal_against_the_numbers(void **state)
{
	struct ledger_pull p;

	say(100, 50);
	assert_int_equal(soon(&p), 0);
	ledger_end(&a, &p, LEDGER_END_REFUSED, 90, &e);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_in_range(e.retry_after_s, 89, 90);
	/* They have not kept it from refusing, and do not end it. */
	say(100, 50);
	assert_refused();
	move(91000);
	assert_int_equal(soon(&p), 0);
	assert_true(p.look);
	say(100, 50);
	ledger_end(&a, &p, LEDGER_END_COUNTED, 0, &e);
	assert_false(shown().used_up);
}

static void a_refusal_without_numbers(void **state)
{
	struct ledger_pull p;

	assert_int_equal(soon(&p), 0);
	ledger_end(&a, &p, LEDGER_END_REFUSED, 0, &e);
	assert_non_null(strstr(e.msg, "of a window of 6 h"));
	assert_refused();
	move(301000);
	assert_int_equal(soon(&p), 0);
	ledger_end(&a, &p, LEDGER_END_OTHER, 0, &e); /* no answer: nothing is known */
	assert_refused();
	move(301000);
	pull(0, -1);
	assert_false(shown().used_up);
}

static void a_clock_set_back(void **state)
{
	struct ledger_pull p;

	say(100, 1);
	pull(100, 0);
	assert_refused();
	move(-48 * HOUR_MS);
	assert_refused();
	assert_true(e.retry_after_s <= WINDOW_S + 370);
	move(301000);
	assert_int_equal(soon(&p), 0);
	say(100, 9);
	ledger_end(&a, &p, LEDGER_END_COUNTED, 0, &e);
	assert_int_equal(shown().remaining, 9);
	move(48 * HOUR_MS);
}

static void a_limit_of_none_is_no_number(void **state)
{
	say(0, 0);
	pull(0, 0);
	assert_false(shown().used_up);
}

static void the_reserve(void **state)
{
	say(100, 21);
	assert_int_equal(ledger_may(&a, true, 20, &e), 0);
	pull(100, 20);
	assert_err(ledger_may(&a, true, 20, &e), e, ERR_BUSY);
	assert_int_equal(ledger_may(&a, false, 20, &e), 0);
	assert_int_equal(ledger_may(&a, true, 0, &e), 0);
	/* What is as old as the window is there again, also unsaid. */
	say(100, 20);
	move(5 * HOUR_MS);
	say(100, 20);
	assert_err(ledger_may(&a, true, 20, &e), e, ERR_BUSY);
	move(HOUR_MS + 61000);
	assert_int_equal(ledger_may(&a, true, 20, &e), 0);
}

static void one_is_let_through_to_look(void **state)
{
	say(100, 0);
	assert_err(ledger_may(&a, false, 0, &e), e, ERR_BUSY);
	move(301000);
	assert_err(ledger_may(&a, true, 0, &e), e, ERR_BUSY);
	assert_int_equal(ledger_may(&a, false, 0, &e), 0);
	assert_err(ledger_may(&a, false, 0, &e), e, ERR_BUSY);
	l->pass_ms = clock_mono_ms(); /* it has never been seen again */
	assert_int_equal(ledger_may(&a, false, 0, &e), 0);
	say(100, 0);
	assert_err(ledger_may(&a, false, 0, &e), e, ERR_BUSY);
	move(301000);
	assert_int_equal(ledger_may(&a, false, 0, &e), 0);
	say(100, 7);
	assert_int_equal(ledger_may(&a, true, 0, &e), 0);
}

static void an_overdue_return(void **state)
{
	struct ledger_pull p;

	assert_int_equal(soon(&p), 0);
	ledger_end(&a, &p, LEDGER_END_REFUSED, 400, &e);
	move(401000);
	/* What was said of it is over; our own pull is what is left to go by. */
	assert_in_range(shown().back_wall_ms - clock_wall_ms(), 5 * HOUR_MS, 6 * HOUR_MS);
	move(6 * HOUR_MS);
	assert_in_range(shown().back_wall_ms - clock_wall_ms(), 1, 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(silence_holds_nothing_back, fresh),
		cmocka_unit_test_setup(the_first_is_not_waited_for_for_long, fresh),
		cmocka_unit_test_setup(a_quarter_of_what_is_left, fresh),
		cmocka_unit_test_setup(no_more_under_way_than_there_are, fresh),
		cmocka_unit_test_setup(who_waits_goes_on_with_new_numbers, fresh),
		cmocka_unit_test_setup(a_stop_ends_the_wait, fresh),
		cmocka_unit_test_setup(answers_overtake_each_other, fresh),
		cmocka_unit_test_setup(others_spend_too, fresh),
		cmocka_unit_test_setup(used_up_until_it_is_back, fresh),
		cmocka_unit_test_setup(a_check_says_that_it_is_back, fresh),
		cmocka_unit_test_setup(a_refusal_against_the_numbers, fresh),
		cmocka_unit_test_setup(a_refusal_without_numbers, fresh),
		cmocka_unit_test_setup(a_clock_set_back, fresh),
		cmocka_unit_test_setup(a_limit_of_none_is_no_number, fresh),
		cmocka_unit_test_setup(the_reserve, fresh),
		cmocka_unit_test_setup(one_is_let_through_to_look, fresh),
		cmocka_unit_test_setup(an_overdue_return, fresh),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
