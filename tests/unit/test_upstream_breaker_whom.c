/* The breaker that is asked to be left alone, and whom it holds back. */
#include "breaker_try.h"

static void busy_for_as_long_as_it_says(void **state)
{
	struct breaker_view look;

	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", 120);
	assert_refused(ERR_BUSY, false);
	assert_in_range(e.retry_after_s, 119, 120);
	assert_non_null(strstr(e.msg, "(answered 429); asked again in 1"));
	breaker_look(&u, R, &look);
	assert_int_equal(look.state, BREAKER_BUSY);
	move(119000);
	assert_refused(ERR_BUSY, false);
	move(1000);
	once("a", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", 86400);
	assert_refused(ERR_BUSY, false);
	assert_int_equal(e.retry_after_s, BREAKER_BUSY_ASKED_MOST_MS / 1000);
	set_clock(0);
	assert_int_equal(enter(), -1);
	move(BREAKER_BUSY_ASKED_MOST_MS + 1000);
	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", 0);
	assert_int_equal(b->span_ms, 1000);
}

static void busy_without_a_word_doubles(void **state)
{
	int64_t want = BREAKER_BUSY_MS;

	assert_int_equal(enter(), 0);
	for (int i = 0; i < 8; i++) {
		breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", -1);
		assert_in_range(b->span_ms, want * 3 / 4, want * 5 / 4);
		want = want * 2 < BREAKER_BUSY_MOST_MS ? want * 2 : BREAKER_BUSY_MOST_MS;
		assert_refused(ERR_BUSY, false);
		move(b->span_ms + 1);
		assert_int_equal(enter(), 0);
		assert_true(pass.trial != 0);
	}
	/* A token was to be had, a manifest not: it goes on where it was. */
	leave(BREAKER_END_GOOD);
	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", -1);
	assert_true(b->span_ms >= BREAKER_BUSY_MOST_MS * 3 / 4);
	move(4 * BREAKER_BUSY_MOST_MS);
	once("a", BREAKER_END_GOOD);
	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", -1);
	assert_true(b->span_ms <= BREAKER_BUSY_MS * 5 / 4);
}

/* A limiter says yes to some and no to others at the same time. */
static void busy_is_closed_by_its_trial_alone(void **state)
{
	struct breaker_pass lucky, late;

	assert_int_equal(breaker_enter(&u, R, "a", 0, &lucky, &e), 0);
	assert_int_equal(breaker_enter(&u, R, "a", 0, &late, &e), 0);
	assert_int_equal(enter(), 0);
	breaker_leave(&pass, BREAKER_END_BUSY, "answered 429", 10);
	breaker_good(&lucky);
	assert_refused(ERR_BUSY, false);
	breaker_leave(&late, BREAKER_END_BUSY, "answered 429", 30);
	assert_refused(ERR_BUSY, false);
	assert_in_range(e.retry_after_s, 29, 30);
	move(31000);
	once("a", BREAKER_END_FAILED); /* now it is down */
	assert_int_equal(b->state, BREAKER_OPEN);
}

static void a_sick_repository_does_not_stop_the_others(void **state)
{
	struct breaker_view look;

	once("c", BREAKER_END_STATUS); /* once, and well again */
	once("c", BREAKER_END_GOOD);
	for (int i = 0; i < 5; i++)
		once("a", BREAKER_END_STATUS);
	assert_int_equal(breaker_may(&u, R, "c", false, &e), 0);
	breaker_look(&u, R, &look);
	assert_int_equal(look.state, BREAKER_OPEN);
	assert_true(look.some);
	assert_string_equal(look.repository, "a");
	assert_int_equal(enter(), -1);
	assert_non_null(strstr(e.msg, "this repository is in trouble"));
	once("b", BREAKER_END_GOOD);
	once(NULL, BREAKER_END_GOOD);
	assert_int_equal(enter(), -1);
	make_old();
	assert_int_equal(enter(), -1);
}

/* A cache before a dead registry: it has some and not others. */
static void nor_do_many(void **state)
{
	char name[16];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "sick%d", i);
		once(name, BREAKER_END_STATUS);
		if (i >= 5)
			assert_int_equal(breaker_may(&u, R, name, false, &e), -1);
		snprintf(name, sizeof(name), "well%d", i);
		if (i >= 5)
			once(name, BREAKER_END_GOOD);
	}
	assert_int_equal(breaker_may(&u, R, "sick0", false, &e), -1);
	assert_int_equal(b->level, 0);
	/* Well again, while others take the trials: after a while it is let through. */
	for (int i = 0; i < 8; i++) {
		move(SICK_MS / 8);
		if (enter_for(R, "sick1") == 0)
			leave(BREAKER_END_STATUS);
	}
	assert_true(b->span_ms > 1000);
	move(1);
	once("sick0", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_OPEN);
	assert_int_equal(enter_for(R, "sick1"), -1);
	/* And a good trial of one of them frees all. */
	move(BREAKER_MOST_MS * 5 / 4);
	once("sick1", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
	assert_int_equal(enter_for(R, "sick2"), 0);
	leave(BREAKER_END_GOOD);
}

static void more_sick_ones_than_are_kept(void **state)
{
	char name[16];

	for (int i = 0; i < 5 + 3 * SICK_MAX; i++) {
		snprintf(name, sizeof(name), "sick%d", i);
		once(name, BREAKER_END_STATUS);
	}
	assert_int_equal(enter_for(R, name), -1);
	once("sick0", BREAKER_END_STATUS); /* forgotten: asked once more */
	assert_int_equal(enter_for(R, "sick0"), -1);
}

static void silence_is_of_all(void **state)
{
	for (int i = 0; i < 4; i++)
		once("a", BREAKER_END_STATUS);
	once("a", BREAKER_END_FAILED);
	assert_int_equal(enter_for(R, "b"), -1);
	move(BREAKER_PATIENCE_MS);
	once("b", BREAKER_END_GOOD);
	for (int i = 0; i < 5; i++)
		once("a", BREAKER_END_STATUS);
	for (int i = 0; i < 4; i++)
		once("b", BREAKER_END_FAILED);
	once("c", BREAKER_END_GOOD);
	for (int i = 0; i < 5; i++)
		once("b", BREAKER_END_FAILED);
	assert_int_equal(enter_for(R, "c"), -1);
	move(BREAKER_PATIENCE_MS);
	once("c", BREAKER_END_GOOD);
	assert_int_equal(b->state, BREAKER_CLOSED);
}

static void a_token_service_s_status_is_of_all(void **state)
{
	for (int i = 0; i < 5; i++)
		once(NULL, BREAKER_END_STATUS);
	assert_int_equal(enter_for(R, "c"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(busy_for_as_long_as_it_says),
		T(busy_without_a_word_doubles),
		T(busy_is_closed_by_its_trial_alone),
		T(a_sick_repository_does_not_stop_the_others),
		T(nor_do_many),
		T(more_sick_ones_than_are_kept),
		T(silence_is_of_all),
		T(a_token_service_s_status_is_of_all),
	};

	RUN(tests);
}
