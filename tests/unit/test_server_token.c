/* Tokens: whose they are, and that nobody else can make one. */
#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/token.h"

static void round_trip(void **state)
{
	static const char *const users[] = { "", "ann", "a:b", "caf\xc3\xa9" };
	unsigned char key[HASH_MAC_BYTES] = { 1 }, other[HASH_MAC_BYTES] = { 2 };
	struct buf t = BUF_INIT(2 * TOKEN_MAX_BYTES);
	char *user;
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(users); i++) {
		buf_clear(&t);
		assert_int_equal(token_make(key, users[i], &t), 0);
		user = token_check(key, buf_view(&t));
		assert_non_null(user);
		assert_string_equal(user, users[i]);
		free(user);
		assert_null(token_check(other, buf_view(&t)));
		/* Cut anywhere, or changed; of the last four some bits say nothing. */
		for (k = 0; k + 4 < t.n; k++) {
			char was = t.p[k];

			assert_null(token_check(key, (struct view){ t.p, k }));
			t.p[k] = was == 'A' ? 'Q' : 'A';
			assert_null(token_check(key, buf_view(&t)));
			t.p[k] = was;
		}
	}
	buf_done(&t);
}

static void rubbish(void **state)
{
	unsigned char key[HASH_MAC_BYTES] = { 1 };
	char *longer = unit_repeat('A', 10000);
	const char *bad[] = { "", "x", "====", "AAAA", longer };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(token_check(key, view_of(bad[i])));
	test_free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(rubbish),
	};

	return cmocka_run_group_tests_name("server/token", tests, NULL, NULL);
}
