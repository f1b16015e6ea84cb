/* Policies: which one decides, and what is wrong with those that cannot be taken. */
#include "evidence_try.h"

static const char *const key = FIXTURE("cosign.pub");
static const char *const keys[] = { FIXTURE("cosign.pub"), FIXTURE("log.pem") };

static struct policies *load(const struct policy_spec *spec, size_t n)
{
	struct policies *p = NULL;
	struct err e;

	if (policies_load(spec, n, &p, &e) != 0)
		fail_msg("%s", e.msg);
	return p;
}

static void modes(void **state)
{
	enum policy_mode m;
	struct err e;

	for (int i = POLICY_OFF; i <= POLICY_REQUIRE; i++) {
		assert_int_equal(
			policy_mode_parse(policy_mode_word((enum policy_mode)i), &m, &e),
			0);
		assert_int_equal(m, i);
	}
	assert_err(policy_mode_parse("enforce", &m, &e), e, ERR_INVALID);
}

static void deciding(void **state)
{
	static const struct policy_spec spec[] = {
		{ .images = "docker.io/library/app:dev*", .mode = POLICY_OFF },
		{ .images = "docker.io/library/app:v*",
		  .mode = POLICY_REQUIRE,
		  .key = &key,
		  .nkeys = 1 },
		{ .images = "docker.io/library/**",
		  .mode = POLICY_WARN,
		  .key = keys,
		  .nkeys = 2 },
		{ .images = "quay.io/**", .mode = POLICY_OFF },
		{ .images = "bakery/*", .mode = POLICY_OFF },
		{ .mode = POLICY_REQUIRE, .key = &key, .nkeys = 1 },
	};
	static const struct {
		const char *host, *name, *tag;
		int want;
	} cases[] = {
		{ "docker.io", "library/app", "dev-1", 0 },
		{ "docker.io", "library/app", "v1", 1 },
		{ "docker.io", "library/app", "latest", 2 },
		{ "docker.io", "library/x", "v1", 2 },
		{ "quay.io", "a/b", "v1", 3 },
		{ "quay.io", "a/b", "", 3 },
		{ NULL, "bakery/x", "1", 4 },
		{ NULL, "bakery/x/y", "1", 5 },
		{ "ghcr.io", "a/b", "1", 5 },
		/* By digest: dev's rule must not let v1 in. */
		{ "docker.io", "library/app", "", 1 },
		{ "docker.io", "library/x", "", 2 },
		{ "ghcr.io", "a/b", "", 5 },
	};
	struct policies *p = load(spec, ARRAY_LEN(spec));

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct policy *found =
			policies_find(p, cases[i].host, cases[i].name, cases[i].tag);
		const char *want = spec[cases[i].want].images;

		assert_non_null(found);
		assert_string_equal(policy_images(found), want != NULL ? want : "**");
		assert_int_equal(policy_mode(found), spec[cases[i].want].mode);
	}
	policies_unref(policies_ref(p));
	policies_unref(p);
	p = load(spec, 1);
	assert_null(policies_find(p, "docker.io", "library/app", "v1"));
	policies_unref(p);
	p = load(NULL, 0);
	assert_null(policies_find(p, "docker.io", "library/app", ""));
	policies_unref(p);
	policies_unref(NULL);
}

static void wants(void **state)
{
	static const struct policy_identity_spec who = { "https://issuer", "a@b.test" };
	static const char *const ca = FIXTURE("notation-ca.pem"), *const any = "*";
	struct policy_spec spec = { .mode = POLICY_WARN,
				    .key = &key,
				    .nkeys = 1,
				    .identity = &who,
				    .nidentities = 1,
				    .trust_root = FIXTURE("trusted_root.json"),
				    .notation_ca = &ca,
				    .nnotation_ca = 1,
				    .notation_identity = &any,
				    .nnotation_identities = 1 };
	struct policies *p = load(&spec, 1);
	char text[POLICY_WANTS_MAX];

	policy_wants(policies_find(p, NULL, "x", "1"), text);
	assert_string_equal(text, "key cosign.pub, or a@b.test by https://issuer, or "
				  "notation by anyone of its CA");
	policies_unref(p);
}

static void refused(void **state)
{
	static const struct policy_identity_spec who = { "i", "s" }, half = { "i", "" };
	static const char *const root = FIXTURE("trusted_root.json");
	static const char *const ca = FIXTURE("ca.pem"), *const log = FIXTURE("log.pem");
	static const char *const any = "*", *const bad = "CN=x",
				 *const worse = "x509.subject: nonsense";
	const struct policy_spec cases[] = {
		{ .mode = POLICY_REQUIRE },
		{ .mode = POLICY_WARN, .trust_root = root },
		{ .images = "a b", .key = &key, .nkeys = 1 },
		{ .key = &ca, .nkeys = 1 },
		{ .trust_root = key },
		{ .ca = &key, .nca = 1 },
		{ .log_key = &ca, .nlog_keys = 1 },
		{ .identity = &who, .nidentities = 1 },
		{ .identity = &half, .nidentities = 1, .trust_root = root },
		{ .identity = &who, .nidentities = 1, .ca = &ca, .nca = 1 },
		{ .identity = &who, .nidentities = 1, .log_key = &log, .nlog_keys = 1 },
		{ .key = &key, .nkeys = 1, .need_log = true },
		{ .notation_ca = &ca, .nnotation_ca = 1 },
		{ .notation_identity = &any, .nnotation_identities = 1 },
		{ .notation_ca = &ca,
		  .nnotation_ca = 1,
		  .notation_identity = &bad,
		  .nnotation_identities = 1 },
		{ .notation_ca = &ca,
		  .nnotation_ca = 1,
		  .notation_identity = &worse,
		  .nnotation_identities = 1 },
	};
	const char *absent = FIXTURE("absent"), *many[POLICY_MAX_FILES + 1];
	struct policy_spec limit = { .mode = POLICY_WARN, .key = many };
	struct policies *p = NULL;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(policies_load(&cases[i], 1, &p, &e), -1);
		if (e.kind != ERR_INVALID || strstr(e.msg, "the policy for ") != e.msg)
			fail_msg("case %zu: %s", i, e.msg);
	}
	limit.key = &absent;
	limit.nkeys = 1;
	assert_err(policies_load(&limit, 1, &p, &e), e, ERR_NOT_FOUND);
	for (i = 0; i < ARRAY_LEN(many); i++)
		many[i] = key;
	limit.key = many;
	limit.nkeys = POLICY_MAX_FILES;
	assert_int_equal(policies_load(&limit, 1, &p, &e), 0);
	policies_unref(p);
	limit.nkeys++;
	assert_err(policies_load(&limit, 1, &p, &e), e, ERR_LIMIT);
	limit.nkeys = 1;
	limit.attestation = many;
	limit.nattestations = ARRAY_LEN(many);
	assert_err(policies_load(&limit, 1, &p, &e), e, ERR_LIMIT);
	assert_err(policies_load(&limit, POLICY_MAX + 1, &p, &e), e, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(deciding),
		cmocka_unit_test(wants),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
