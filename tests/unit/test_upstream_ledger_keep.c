/* What is told of a ledger, and what it is again after a restart. */
#include "ledger_try.h"

static void news_and_back(void **state)
{
	struct upstream_news first, second;

	assert_false(upstream_quota_news(&u, &first));
	say(100, 90);
	pull(100, 89);
	assert_true(upstream_quota_news(&u, &first));
	assert_true(first.changed);
	assert_int_equal(first.n_spent, 1);
	assert_int_equal(first.spent[0].n, 1);
	assert_false(upstream_quota_news(&u, &second));
	say(100, 89); /* the same again is none */
	assert_false(upstream_quota_news(&u, &second));

	fresh(NULL);
	upstream_quota_restore(&u, &first.quota, first.spent, 1);
	assert_int_equal(shown().remaining, 89);
	assert_int_equal(shown().spent, 1);
	assert_int_equal(shown().others, 10);
	assert_string_equal(shown().source, "192.0.2.7");
	assert_false(upstream_quota_news(&u, &second));
	/* Another process's pull, and what it was told. */
	move(10);
	first.quota.seen_wall_ms += 5;
	first.quota.remaining = 88;
	first.spent[0].n = 1;
	upstream_quota_restore(&u, &first.quota, first.spent, 1);
	assert_int_equal(shown().spent, 2);
	assert_int_equal(shown().others, 10);
	/* What is older does not count, its pulls do. */
	first.quota.seen_wall_ms -= 10;
	first.quota.remaining = 99;
	upstream_quota_restore(&u, &first.quota, first.spent, 1);
	assert_int_equal(shown().remaining, 88);
	assert_int_equal(shown().spent, 3);
	assert_int_equal(shown().others, 9);
}

static void used_up_is_kept(void **state)
{
	struct upstream_news n;
	struct ledger_pull p;

	say(100, 1);
	pull(100, 0);
	assert_true(upstream_quota_news(&u, &n));
	fresh(NULL);
	upstream_quota_restore(&u, &n.quota, n.spent, n.n_spent);
	assert_refused();
	assert_in_range(shown().back_wall_ms, n.quota.back_wall_ms - 1000,
			n.quota.back_wall_ms + 1000);
	/* Started again after an hour: it is looked at first. */
	fresh(NULL);
	move(HOUR_MS);
	upstream_quota_restore(&u, &n.quota, n.spent, n.n_spent);
	assert_int_equal(soon(&p), 0);
	assert_true(p.look);
	ledger_end(&a, &p, LEDGER_END_OTHER, 0, &e);
}

static void a_refusal_is_kept(void **state)
{
	struct upstream_news n;
	struct ledger_pull p;

	assert_int_equal(soon(&p), 0);
	ledger_end(&a, &p, LEDGER_END_REFUSED, 900, &e);
	assert_true(upstream_quota_news(&u, &n));
	fresh(NULL);
	upstream_quota_restore(&u, &n.quota, n.spent, n.n_spent);
	assert_true(shown().used_up);
	assert_int_equal(shown().back_wall_ms, n.quota.back_wall_ms);
	assert_int_equal(soon(&p), 0);
	assert_true(p.look);
	assert_refused();
	ledger_end(&a, &p, LEDGER_END_COUNTED, 0, &e);
	assert_false(shown().used_up);
}

static void whose_it_is(void **state)
{
	struct cred ann = { .username = (char[]){ "ann" } }, none = { 0 };
	struct upstream_quota q = { .known = true,
				    .limit = 100,
				    .remaining = 5,
				    .account_id = "somebody",
				    .seen_wall_ms = clock_wall_ms() };

	/* Not known yet: kept until it is. */
	upstream_quota_restore(&u, &q, NULL, 0);
	assert_int_equal(shown().remaining, 5);
	ledger_use(&a, &ann);
	assert_false(shown().known);
	upstream_quota_restore(&u, &q, NULL, 0);
	assert_false(shown().known);
	say(200, 100);
	assert_string_equal(shown().account, "ann");
	ledger_use(&a, &ann);
	assert_int_equal(shown().remaining, 100);
	ledger_use(&a, &none);
	assert_false(shown().known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(news_and_back, fresh),
		cmocka_unit_test_setup(used_up_is_kept, fresh),
		cmocka_unit_test_setup(a_refusal_is_kept, fresh),
		cmocka_unit_test_setup(whose_it_is, fresh),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
