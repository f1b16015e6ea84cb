/* Which login is for which repository, and what cannot be meant. */
#include "unit.h"

#include "upstream/remote.h"

#define CONF(...)                                                                        \
	((struct upstream_conf){ .host = "docker.io",                                    \
				 .url = "https://registry-1.docker.io",                  \
				 ##__VA_ARGS__ })
#define LOGIN(user, ...)                                                                 \
	{                                                                                \
		user, "secret", (const char *const[]){ __VA_ARGS__ },                    \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)         \
	}

static struct err e;

static const char *user_of(struct upstream *u, const char *name)
{
	return account_for(u, name)->ledger.user;
}

static void the_first_that_matches(void **state)
{
	const struct upstream_login logins[] = {
		LOGIN("team", "team/**", "shared/one"),
		LOGIN("base", "library/*"),
		LOGIN("other", "shared/*"),
	};
	struct upstream_conf conf = CONF(.logins = logins, .n_logins = 3);
	struct upstream *u = upstream_new(&conf, &e);

	assert_non_null(u);
	assert_int_equal(u->n_accounts, 4);
	assert_string_equal(user_of(u, "team/a/b"), "team");
	assert_string_equal(user_of(u, "library/python"), "base");
	assert_string_equal(user_of(u, "shared/one"), "team");
	assert_string_equal(user_of(u, "shared/two"), "other");
	assert_string_equal(user_of(u, "library/a/b"), "");
	assert_string_equal(user_of(u, "team"), "");
	assert_string_equal(user_of(u, ""), "");
	assert_string_equal(user_of(u, NULL), "");
	upstream_unref(u);
}

static void the_last_is_for_all_else(void **state)
{
	const struct upstream_login logins[] = {
		LOGIN("team", "team/**"),
		{ "rest", "secret", NULL, 0 },
	};
	struct upstream_conf conf = CONF(.logins = logins, .n_logins = 2);
	struct upstream *u = upstream_new(&conf, &e);

	assert_int_equal(u->n_accounts, 2);
	assert_string_equal(user_of(u, "team/a"), "team");
	assert_string_equal(user_of(u, "library/python"), "rest");
	upstream_unref(u);
	conf = CONF(.logins = logins, .n_logins = 1, .username = "one",
		    .password = "secret");
	u = upstream_new(&conf, &e);
	assert_int_equal(u->n_accounts, 2);
	assert_string_equal(user_of(u, ""), "one");
	upstream_unref(u);
}

static void who_it_is_does_not_hang_on_the_password(void **state)
{
	struct cred a = { .username = (char[]){ "ann" }, .password = (char[]){ "1" } };
	struct cred b = { .username = (char[]){ "ann" }, .password = (char[]){ "2" } };
	struct cred t = { .identity = (char[]){ "ann" } };
	struct cred odd = { .username = (char[]){ "a\n\xff" } }, none = { 0 };
	char user[64], id[2][65];

	cred_account(&a, user, id[0]);
	assert_string_equal(user, "ann");
	assert_int_equal(strlen(id[0]), 64);
	cred_account(&b, user, id[1]);
	assert_string_equal(id[0], id[1]);
	cred_account(&t, user, id[1]);
	assert_string_equal(user, "(identity token)");
	assert_string_not_equal(id[0], id[1]);
	cred_account(&odd, user, id[1]);
	assert_string_equal(user, "a..");
	cred_account(&none, user, id[1]);
	assert_string_equal(user, "");
	assert_string_equal(id[1], "");
}

static void refused(const struct upstream_login *l, size_t n, const char *username,
		    const char *says)
{
	struct upstream_conf conf = CONF(.logins = l, .n_logins = n, .username = username,
					 .password = username);

	assert_null(upstream_new(&conf, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.msg, says));
}

static void what_cannot_be_meant(void **state)
{
	struct upstream_login many[UPSTREAM_ACCOUNTS_MAX] = { { 0 } };

	refused((struct upstream_login[]){ { "a:b", "x", NULL, 0 } }, 1, NULL, "colon");
	refused((struct upstream_login[]){ { "a", NULL, NULL, 0 } }, 1, NULL, "together");
	refused((struct upstream_login[]){ { "", "x", NULL, 0 } }, 1, NULL, "together");
	refused((struct upstream_login[]){ LOGIN("a", "b:c") }, 1, NULL, "without a tag");
	refused((struct upstream_login[]){ LOGIN("a", "b c") }, 1, NULL, "names");
	refused((struct upstream_login[]){ { "a", "x", NULL, 0 }, LOGIN("b", "c") }, 2,
		NULL, "after user a is never used");
	refused((struct upstream_login[]){ { "a", "x", NULL, 0 } }, 1, "b", "never used");
	refused((struct upstream_login[]){ LOGIN("a", "b"), LOGIN("a", "c") }, 2, NULL,
		"user a stands there twice");
	refused((struct upstream_login[]){ LOGIN("a", "b") }, 1, "a", "twice");
	refused(many, UPSTREAM_ACCOUNTS_MAX, NULL, "more than 63");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_matches),
		cmocka_unit_test(the_last_is_for_all_else),
		cmocka_unit_test(who_it_is_does_not_hang_on_the_password),
		cmocka_unit_test(what_cannot_be_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
