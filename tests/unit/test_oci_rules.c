/* Rules: what they say, and what they grant. */
#include "unit.h"

#include "base/mem.h"
#include "oci/rules.h"

static void parsing(void **state)
{
	static const char *const bad[] = { "",		 "ci",		"ci x",
					   "ci x y",	 "ci x pull,",	"ci x:tag pull",
					   "a b pull c", "ci \x01 pull" };
	char text[RULE_TEXT_MAX];
	struct err e = { 0 };
	struct rule r;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(rule_parse(bad[i], &r, &e), e, ERR_INVALID);
	assert_int_equal(rule_parse("  ci \t bakery/** push,pull ", &r, &e), 0);
	assert_int_equal(r.rights, RULE_PULL | RULE_PUSH);
	rule_text(&r, text, sizeof(text));
	assert_string_equal(text, "ci bakery/** pull,push");
	rule_done(&r);
	assert_int_equal(rule_parse("users ** all", &r, &e), 0);
	rule_text(&r, text, sizeof(text));
	assert_string_equal(text, "users ** pull,push,delete");
	rule_done(&r);
	assert_int_equal(rule_parse("x ** delete", &r, &e), 0);
	rule_text(&r, text, sizeof(text));
	assert_string_equal(text, "x ** delete");
	rule_done(&r);
}

static void granting(void **state)
{
	static const char *const texts[] = { "anonymous pub/** pull",
					     "users team/* pull,push", "ann ** all" };
	struct rule r[ARRAY_LEN(texts)];
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(rule_parse(texts[i], &r[i], &e), 0);
	assert_true(rules_allow(r, 3, NULL, RULE_PULL, "pub/a/b"));
	assert_false(rules_allow(r, 3, NULL, RULE_PUSH, "pub/a"));
	assert_false(rules_allow(r, 3, NULL, RULE_PULL, "public"));
	assert_false(rules_allow(r, 3, NULL, RULE_PULL, "team/a"));
	assert_true(rules_allow(r, 3, NULL, RULE_PULL, NULL));
	assert_false(rules_allow(r, 3, NULL, RULE_PUSH, NULL));
	assert_true(rules_allow(r, 3, "ci", RULE_PULL, "pub/a"));
	assert_true(rules_allow(r, 3, "ci", RULE_PUSH, "team/a"));
	assert_false(rules_allow(r, 3, "ci", RULE_PUSH, "team/a/b"));
	assert_false(rules_allow(r, 3, "ci", RULE_DELETE, "team/a"));
	assert_true(rules_allow(r, 3, "ann", RULE_DELETE, "anything"));
	assert_false(rules_allow(r, 3, "an", RULE_DELETE, "anything"));
	assert_false(rules_allow(NULL, 0, "ann", RULE_PULL, "pub/a"));
	for (i = 0; i < ARRAY_LEN(texts); i++)
		rule_done(&r[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(granting),
	};

	return cmocka_run_group_tests_name("oci/rules", tests, NULL, NULL);
}
