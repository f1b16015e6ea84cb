/* When an upstream is held back, and how it comes out of it; with the clock moved. */
#include "breaker_try.h"

static void five_in_a_row_open_it(void **state)
{
	struct breaker_view look;

	fail_it(BREAKER_FAILURES - 1);
	once("a", BREAKER_END_GOOD);
	fail_it(BREAKER_FAILURES - 1);
	breaker_look(&u, R, &look);
	assert_int_equal(look.state, BREAKER_CLOSED);
	assert_int_equal(look.since_wall_ms, 0);
	assert_string_equal(look.cause, "");
	fail_it(1);
	breaker_look(&u, R, &look);
	assert_int_equal(look.state, BREAKER_OPEN);
	assert_string_equal(look.cause, "connection refused");
	assert_in_range(look.until_wall_ms - clock_wall_ms(), 150,
			BREAKER_FIRST_MS * 5 / 4 + 1); /* both parts rounded down */
	assert_int_equal(enter(), -1);
	/* The other part knows nothing of it. */
	assert_int_equal(enter_for(C, "a"), 0);
	leave(BREAKER_END_GOOD);
}

static void what_is_nobody_s_fault_does_not_count(void **state)
{
	for (int i = 0; i < 50; i++)
		once("a", BREAKER_END_UNSURE);
	assert_int_equal(b->fails, 0);
	fail_it(4);
	once("a", BREAKER_END_UNSURE);
	fail_it(1);
	assert_int_equal(b->state, BREAKER_OPEN);
}

/* Requests that hung while others were answered. */
static void old_failures_do_not_count(void **state)
{
	struct breaker_pass old[8];
	int i;

	for (i = 0; i < 8; i++)
		assert_int_equal(breaker_enter(&u, R, "a", 0, &old[i], &e), 0);
	usleep(3000);
	once("a", BREAKER_END_GOOD);
	for (i = 0; i < 8; i++)
		breaker_leave(&old[i], BREAKER_END_FAILED, "late", -1);
	assert_int_equal(b->fails, 0);
	assert_int_equal(b->state, BREAKER_CLOSED);
}

static void one_trial_at_a_time(void **state)
{
	struct breaker_pass trial;

	fail_it(5);
	move(1000);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &trial, &e), 0);
	assert_true(trial.trial != 0);
	assert_int_equal(enter(), -1);
	breaker_good(&trial); /* the header; the body may take its time */
	assert_int_equal(b->state, BREAKER_CLOSED);
	assert_int_equal(enter(), 0);
	leave(BREAKER_END_GOOD);
	breaker_leave(&trial, BREAKER_END_FAILED, "x", -1);
	assert_int_equal(b->fails, 0);
}

static void the_pauses_double_to_half_a_minute(void **state)
{
	int64_t want = BREAKER_FIRST_MS;

	fail_it(5);
	move(BREAKER_PATIENCE_MS);
	for (int i = 0; i < 12; i++) {
		once("a", BREAKER_END_FAILED);
		want = want * 2 < BREAKER_MOST_MS ? want * 2 : BREAKER_MOST_MS;
		assert_in_range(b->span_ms, want * 3 / 4, want * 5 / 4);
		assert_refused(ERR_UPSTREAM, true);
		move(b->span_ms + 1);
	}
	assert_non_null(strstr(e.msg, "in trouble since "));
	assert_non_null(strstr(e.msg, "(connection refused); asked again in "));
	once("a", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
	fail_it(5);
	assert_in_range(b->span_ms, 150, BREAKER_FIRST_MS * 5 / 4);
}

/* What the others lose is told to no one. */
static void the_crowd_s_failures_do_not_double_it(void **state)
{
	struct breaker_pass crowd[128];
	int64_t span;
	int i;

	for (i = 0; i < 128; i++)
		assert_int_equal(breaker_enter(&u, R, "a", 0, &crowd[i], &e), 0);
	for (i = 0; i < 128; i++)
		breaker_leave(&crowd[i], BREAKER_END_FAILED, "reset", -1);
	span = b->span_ms;
	assert_int_equal(b->level, 0);
	assert_in_range(span, 150, BREAKER_FIRST_MS * 5 / 4);
}

/* A trial that was cancelled, or whose time was too short. */
static void an_unsure_trial_leaves_the_next_to_be_one(void **state)
{
	fail_it(5);
	move(1000);
	for (int i = 0; i < 3; i++)
		once("a", BREAKER_END_UNSURE);
	assert_int_equal(b->level, 0);
	once("a", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
}

static void a_trial_of_before_is_none_any_more(void **state)
{
	struct breaker_pass slow, next;

	fail_it(4);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &next, &e), 0); /* stays out */
	fail_it(1);
	move(1000);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &slow, &e), 0);
	usleep(3000);
	breaker_leave(&next, BREAKER_END_GOOD, NULL, -1);
	assert_int_equal(b->state, BREAKER_CLOSED);
	fail_it(5);
	move(1000);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &next, &e), 0);
	breaker_leave(&slow, BREAKER_END_UNSURE, NULL, -1);
	assert_int_equal(b->trial, next.trial);
	breaker_leave(&next, BREAKER_END_FAILED, "x", -1);
	assert_int_equal(b->level, 1);
}

static void *come(void *arg)
{
	struct breaker_pass p;
	struct err why = { 0 };
	int rc = breaker_enter(&u, R, "a", 0, &p, &why);

	if (rc == 0)
		breaker_leave(&p, BREAKER_END_GOOD, NULL, -1);
	*(struct err *)arg = why;
	return rc == 0 ? NULL : arg;
}

static void a_blip_is_waited_out(void **state)
{
	int64_t began = clock_mono_ms();
	pthread_t t[16];
	struct err why[16];
	void *refused;
	int i;

	fail_it(5);
	for (i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&t[i], NULL, come, &why[i]), 0);
	for (i = 0; i < 16; i++) {
		assert_int_equal(pthread_join(t[i], &refused), 0);
		assert_null(refused);
	}
	assert_in_range(clock_mono_ms() - began, 100, 3000);
}

static void a_stop_ends_the_waits(void **state)
{
	int64_t began = clock_mono_ms();
	struct err why = { 0 };
	void *refused;
	pthread_t t;

	fail_it(5);
	b->until_wall_ms += 2000;
	b->span_ms += 2000;
	assert_int_equal(pthread_create(&t, NULL, come, &why), 0);
	usleep(20000);
	gate_stop();
	assert_int_equal(pthread_join(t, &refused), 0);
	assert_non_null(refused);
	assert_int_equal(why.kind, ERR_CANCELLED);
	assert_in_range(clock_mono_ms() - began, 0, 1500);
}

/* The last trial of those 3 s is at their end, so none of it is waited in vain. */
static void those_who_waited_get_a_last_try(void **state)
{
	fail_it(5);
	b->level = 6;
	move(b->span_ms + 1);
	once("a", BREAKER_END_FAILED);
	assert_int_equal(b->until_wall_ms, b->opened_wall_ms + BREAKER_PATIENCE_MS);
}

static void a_trial_that_hangs_is_waited_for_briefly(void **state)
{
	struct breaker_pass trial;

	fail_it(5);
	make_old();
	move(BREAKER_MOST_MS);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &trial, &e), 0);
	assert_int_equal(breaker_may(&u, R, "a", true, &e), 0);
	assert_int_equal(breaker_may(&u, R, "a", false, &e), -1);
	b->trial_ms -= BREAKER_TRIAL_MS;
	assert_int_equal(breaker_may(&u, R, "a", true, &e), -1);
	assert_refused(ERR_UPSTREAM, true);
	assert_non_null(strstr(e.msg, "asked again now"));
	breaker_leave(&trial, BREAKER_END_FAILED, "hung", -1);
	assert_refused(ERR_UPSTREAM, true);
}

static void what_may_says(void **state)
{
	assert_int_equal(breaker_may(&u, R, NULL, false, &e), 0);
	fail_it(5);
	assert_int_equal(breaker_may(&u, R, "a", true, &e), 0); /* it would wait */
	assert_err(breaker_may(&u, R, "a", false, &e), e, ERR_UPSTREAM);
	make_old();
	assert_err(breaker_may(&u, R, "a", true, &e), e, ERR_UPSTREAM);
	move(BREAKER_MOST_MS); /* it would be the trial */
	assert_int_equal(breaker_may(&u, R, "a", false, &e), 0);
	assert_int_equal(b->trial, 0);
}

/* It took so long that the repository is not held back any more. */
static void a_trial_that_outlasts_its_reason(void **state)
{
	for (int i = 0; i < 5; i++)
		once("a", BREAKER_END_STATUS);
	move(BREAKER_PATIENCE_MS);
	assert_int_equal(enter(), 0);
	assert_true(pass.trial != 0);
	move(2 * SICK_MS);
	leave(BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
	assert_int_equal(b->trial, 0);
}

static void a_clock_set_back_harms_nothing(void **state)
{
	set_clock(48 * (int64_t)HOUR);
	fail_it(5);
	make_old();
	assert_refused(ERR_UPSTREAM, true);
	set_clock(0);
	assert_int_equal(breaker_may(&u, R, "a", true, &e), 0); /* as just opened */
	assert_true(b->until_wall_ms <= clock_wall_ms() + b->span_ms);
	assert_true(b->since_wall_ms <= clock_wall_ms());
	move(BREAKER_MOST_MS);
	once("a", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(five_in_a_row_open_it),
		T(what_is_nobody_s_fault_does_not_count),
		T(old_failures_do_not_count),
		T(one_trial_at_a_time),
		T(the_pauses_double_to_half_a_minute),
		T(the_crowd_s_failures_do_not_double_it),
		T(an_unsure_trial_leaves_the_next_to_be_one),
		T(a_trial_of_before_is_none_any_more),
		T(a_blip_is_waited_out),
		T(a_stop_ends_the_waits),
		T(those_who_waited_get_a_last_try),
		T(a_trial_that_hangs_is_waited_for_briefly),
		T(what_may_says),
		T(a_trial_that_outlasts_its_reason),
		T(a_clock_set_back_harms_nothing),
	};

	RUN(tests);
}
