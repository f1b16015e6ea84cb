/* The three kinds of 429. */
#include "unit.h"

#include "base/clock.h"
#include "upstream/gate.h"
#include "upstream/remote.h"
#include "upstream/toomany.h"

#define CODE                                                                             \
	"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached\"}]}"
#define PLAIN "Too Many Requests (HAP429)\n"
#define LOCK "{\"details\":\"too many failed login attempts for username\"}"

static struct upstream u;
static struct account account;
static char hub[] = "docker.io", other[] = "registry.example";

struct answer {
	char *host;
	const char *kind, *headers, *body;
	bool foreign, proof, knows;
};

static struct chase make(const struct answer *a)
{
	struct chase c = { .u = &u, .kind = a->kind };

	u = (struct upstream){ .host = a->host, .account = &account, .n_accounts = 1 };
	ledger_init(&account.ledger);
	account.ledger.q.known = a->knows;
	transport_answer_init(&c.answer);
	c.answer.status = 429;
	buf_adds(&c.answer.headers, a->headers);
	buf_init(&c.refusal, CHASE_REFUSAL_BYTES);
	buf_adds(&c.refusal, a->body);
	c.way.foreign = a->foreign;
	c.authorization = a->proof ? "Authorization: Basic x" : NULL;
	return c;
}

static enum toomany kind_of(struct answer a)
{
	struct chase c = make(&a);
	enum toomany kind = toomany_of(&c);

	c.authorization = NULL;
	chase_done(&c);
	return kind;
}

#define KIND(...) kind_of((struct answer){ __VA_ARGS__ })
#define NONE_LEFT "RateLimit-Remaining: 0;w=21600\n"

static void a_quota_says_so_itself(void **state)
{
	assert_int_equal(KIND(other, "manifest_get", NONE_LEFT, ""), TOOMANY_QUOTA);
	assert_int_equal(KIND(hub, "manifest_get", NONE_LEFT, PLAIN), TOOMANY_QUOTA);
	assert_int_equal(
		KIND(hub, "manifest_get", "ratelimit-remaining: 5;w=21600\n", CODE),
		TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "manifest_get", "", CODE), TOOMANY_QUOTA);
	assert_int_equal(KIND(other, "manifest_get", "", CODE, .knows = true),
			 TOOMANY_QUOTA);
}

static void where_nobody_spoke_of_one_there_is_none(void **state)
{
	assert_int_equal(KIND(other, "manifest_get", "", CODE), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "manifest_get", "", PLAIN), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "manifest_get", "", ""), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "manifest_get", "", "{\"errors\":[{\"code\":\"X\"}]}"),
			 TOOMANY_ABUSE);
}

static void only_pulls_have_one(void **state)
{
	static const char *const kinds[] = { "manifest_head", "blob_get", "blob_head",
					     "token",	      "tags",	  "ping" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		assert_int_equal(KIND(hub, kinds[i], NONE_LEFT, CODE), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "manifest_get", NONE_LEFT, CODE, .foreign = true),
			 TOOMANY_ABUSE);
}

static void a_lock_is_about_a_login(void **state)
{
	assert_int_equal(KIND(hub, "token", "", LOCK, .proof = true), TOOMANY_LOGIN);
	assert_int_equal(KIND(hub, "ping", "", LOCK, .proof = true), TOOMANY_LOGIN);
	assert_int_equal(KIND(hub, "token", "", LOCK), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "token", "", PLAIN, .proof = true), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "blob_get", "", LOCK, .proof = true), TOOMANY_ABUSE);
	assert_int_equal(KIND(hub, "token", "", LOCK, .proof = true, .foreign = true),
			 TOOMANY_ABUSE);
}

static int after_s(const char *headers)
{
	struct chase c = make(&(struct answer){ hub, "manifest_head", headers, "" });
	int s = toomany_after_s(&c);

	chase_done(&c);
	return s;
}

static void when_to_return(void **state)
{
	assert_int_equal(after_s(""), -1);
	assert_int_equal(after_s("Retry-After: soon\n"), -1);
	assert_int_equal(after_s("Retry-After: 0\n"), 0);
	assert_int_equal(after_s("retry-after: 17\n"), 17);
	assert_int_equal(after_s("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_says_so_itself),
		cmocka_unit_test(where_nobody_spoke_of_one_there_is_none),
		cmocka_unit_test(only_pulls_have_one),
		cmocka_unit_test(a_lock_is_about_a_login),
		cmocka_unit_test(when_to_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
