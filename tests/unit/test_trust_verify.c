/* Recorded signatures of real tools, and forged ones that real tools took: whom they are
 * by, who is accepted; and that none stands a change of any byte. */
#include "evidence_try.h"

#include "codec/base64.h"

#define SUBJECT                                                                          \
	"https://github.example.test/acme/app/.github/workflows/"                        \
	"release.yml@refs/tags/v1"
#define ISSUER "https://token.actions.example.test"

static const char *const key_file = FIXTURE("cosign.pub");
static const char *const self_file = FIXTURE("notation-self.pem");
static const char *const ca_file = FIXTURE("notation-ca.pem");
static const struct policy_identity_spec workflow = { ISSUER, SUBJECT };
static const char *const anyone = "*";
static const char *const acme = "x509.subject: C=US, ST=WA, O=acme";

static const struct policy_spec by_key = { .mode = POLICY_REQUIRE,
					   .key = &key_file,
					   .nkeys = 1 };
static const struct policy_spec by_identity = { .mode = POLICY_REQUIRE,
						.identity = &workflow,
						.nidentities = 1,
						.trust_root =
							FIXTURE("trusted_root.json") };
static const struct policy_spec by_self = { .mode = POLICY_REQUIRE,
					    .notation_ca = &self_file,
					    .nnotation_ca = 1,
					    .notation_identity = &anyone,
					    .nnotation_identities = 1 };
static const struct policy_spec by_acme = { .mode = POLICY_REQUIRE,
					    .notation_ca = &ca_file,
					    .nnotation_ca = 1,
					    .notation_identity = &acme,
					    .nnotation_identities = 1 };

static const struct known {
	const char *name;
	const struct policy_spec *spec;
	const char *signer; /* how it begins */
	bool logged, proved;
} known[] = {
	{ "cosign2-key", &by_key, "key sha256:", false, false },
	{ "cosign3-key", &by_key, "key sha256:", false, false },
	{ "keyless-classic", &by_identity, SUBJECT, true, true },
	{ "keyless-dsse", &by_identity, SUBJECT, true, true },
	{ "keyless-intoto", &by_identity, SUBJECT, true, true },
	{ "keyless-hashedrekord", &by_identity, SUBJECT, true, true },
	{ "keyless-second", &by_identity, SUBJECT, true, true },
	{ "notation-rsa", &by_self, "CN=wabbit", false, false },
	{ "notation-ec", &by_acme, "CN=signer", false, false },
	{ "notation-expiry", &by_acme, "CN=signer", false, false },
};

static struct verify_result result; /* large */

static void judge(const struct policy_spec *spec, const struct evidence *ev,
		  int64_t now_ms)
{
	struct policies *p = spec != NULL ? evidence_try_policy(spec) : NULL;
	const struct policy *one =
		p != NULL ? policies_find(p, "docker.io", "library/x", "1") : NULL;

	verify_evidence(one, ev, now_ms, &result);
	policies_unref(p);
}

static void genuine(void **state)
{
	int64_t now_ms = evidence_try_now_ms();

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct evidence ev;

		evidence_try_load(known[i].name, &ev);
		judge(known[i].spec, &ev, now_ms);
		if (!result.accepted)
			fail_msg("%s: %s", known[i].name, result.sig[0].why);
		assert_int_equal(result.n, 1);
		assert_string_equal(result.missing, "");
		assert_string_equal(result.sig[0].why, "");
		assert_memory_equal(result.sig[0].signer, known[i].signer,
				    strlen(known[i].signer));
		assert_int_equal(result.sig[0].logged, known[i].logged);
		assert_int_equal(result.sig[0].when_proved, known[i].proved);
		evidence_done(&ev);
	}
}

/* --- changes --- */

/* Where a change means nothing: what no signature covers, and nothing is taken from. */
struct hole {
	const char *after, *before; /* texts around it */
};
static const struct hole holes[] = {
	{ "\"hint\":\"", "\"" },       /* which key it might be */
	{ "signingAgent\":\"", "\"" }, /* the program that signed */
};

static bool in_hole(const char *text, size_t n, size_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		const char *from =
			memmem(text, n, holes[i].after, strlen(holes[i].after));
		const char *to;

		if (from == NULL)
			continue;
		from += strlen(holes[i].after);
		to = strstr(from, holes[i].before);
		if (text + at >= from && text + at < to)
			return true;
	}
	return false;
}

/* Bytes of text changed, each in two ways; none may be accepted. */
static unsigned change_each(const char *name, const struct policy *p,
			    const struct evidence *ev, char *text, size_t n, size_t step,
			    int64_t now_ms)
{
	CLEANUP(mem_freep)
	char *whole = mem_dupn(text, n);
	unsigned tried = 0;
	size_t i, way;

	for (i = n % step; i < n; i += step) {
		if (in_hole(whole, n, i))
			continue;
		for (way = 0; way < 2; way++) {
			text[i] ^= (char)(way == 0 ? 1 : 1u << (1 + i % 7));
			verify_evidence(p, ev, now_ms, &result);
			if (result.accepted)
				fail_msg("%s: byte %zu of %.60s...: \"%.40s\" may be "
					 "%02x",
					 name, i, whole, whole + (i > 20 ? i - 20 : 0),
					 (unsigned char)text[i]);
			text[i] = whole[i];
			tried++;
		}
	}
	return tried;
}

/* All bytes take half a minute, so that is for LARDER_TEST_EVERY_BYTE=1; else each
 * seventeenth, which meets every place in base64's groups of four. */
static void changed(void **state)
{
	const char *every = getenv("LARDER_TEST_EVERY_BYTE");
	size_t step = every != NULL && strcmp(every, "1") == 0 ? 1 : 17;
	int64_t now_ms = evidence_try_now_ms();
	unsigned tried = 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct policies *all = evidence_try_policy(known[i].spec);
		const struct policy *p = policies_find(all, NULL, "x", "1");
		const char *name = known[i].name;
		struct evidence ev;
		struct evidence_item *it;
		char **note[5];

		evidence_try_load(name, &ev);
		it = ev.item;
		tried += change_each(name, p, &ev, it->body.p, it->body.n, step, now_ms);
		memcpy(note,
		       ((char **[]){ &it->signature, &it->certificate, &it->chain,
				     &it->bundle, &it->timestamp }),
		       sizeof(note));
		for (size_t k = 0; k < ARRAY_LEN(note); k++)
			if (*note[k] != NULL)
				tried += change_each(name, p, &ev, *note[k],
						     strlen(*note[k]), step, now_ms);
		tried += change_each(name, p, &ev, (char *)ev.subject.bytes, 32, 1,
				     now_ms);
		verify_evidence(p, &ev, now_ms, &result);
		assert_true(result.accepted); /* as it was */
		evidence_done(&ev);
		policies_unref(all);
	}
	assert_in_range(tried, 60000 / step, 1000000);
}

/* --- refusals --- */

static const char *const other_key = FIXTURE("log.pem");
static const char *const log_file = FIXTURE("log.pem");
static const char *const root_file = FIXTURE("ca.pem");
static const struct policy_identity_spec somebody = { ISSUER, "https://elsewhere/**" };
static const struct policy_identity_spec elsewhere = { "https://other", "**" };
static const struct policy_identity_spec pattern = {
	"https://token.*", "https://github.example.test/acme/**"
};
static const char *const german = "x509.subject: C=DE, O=acme";

static const struct policy_spec by_other = { .mode = POLICY_REQUIRE,
					     .key = &other_key,
					     .nkeys = 1 };
static const struct policy_spec by_somebody = { .mode = POLICY_REQUIRE,
						.identity = &somebody,
						.nidentities = 1,
						.trust_root =
							FIXTURE("trusted_root.json") };
static const struct policy_spec by_elsewhere = { .mode = POLICY_REQUIRE,
						 .identity = &elsewhere,
						 .nidentities = 1,
						 .trust_root =
							 FIXTURE("trusted_root.json") };
static const struct policy_spec by_files = { .mode = POLICY_REQUIRE,
					     .identity = &pattern,
					     .nidentities = 1,
					     .ca = &root_file,
					     .nca = 1,
					     .log_key = &log_file,
					     .nlog_keys = 1 };
static const struct policy_spec by_logged_key = { .mode = POLICY_REQUIRE,
						  .key = &key_file,
						  .nkeys = 1,
						  .log_key = &log_file,
						  .nlog_keys = 1,
						  .need_log = true };
static const struct policy_spec by_german = { .mode = POLICY_REQUIRE,
					      .notation_ca = &ca_file,
					      .nnotation_ca = 1,
					      .notation_identity = &german,
					      .nnotation_identities = 1 };

static const char *const report = "https://example.test/*";
static const struct policy_spec by_report = { .mode = POLICY_REQUIRE,
					      .key = &key_file,
					      .nkeys = 1,
					      .attestation = &report,
					      .nattestations = 1 };
static const struct policy_spec by_other_report = { .mode = POLICY_REQUIRE,
						    .key = &other_key,
						    .nkeys = 1,
						    .attestation = &report,
						    .nattestations = 1 };

#define DAYS(n) ((int64_t)(n)*86400 * 1000)

static void judged(void **state)
{
	static const struct {
		const char *name;
		const struct policy_spec *spec;
		int64_t later_ms;
		enum verify_verdict verdict;
		const char *why;
	} cases[] = {
		{ "cosign2-key", NULL, 0, VERIFY_BAD, "by a key, and none is given" },
		{ "cosign2-key", &by_other, 0, VERIFY_BAD, "not made by the key given" },
		{ "cosign3-key", &by_other, 0, VERIFY_BAD, "not made by the key given" },
		{ "cosign2-key", &by_identity, 0, VERIFY_BAD, "none is given" },
		{ "cosign3-key", &by_logged_key, 0, VERIFY_OTHER, "transparency log" },
		{ "cosign3-attest", &by_key, 0, VERIFY_OTHER, "an attestation (http" },
		{ "cosign3-attest", &by_report, 0, VERIFY_GOOD, "" },
		{ "cosign3-key", &by_report, 0, VERIFY_GOOD, "" },
		{ "cosign3-attest", &by_other_report, 0, VERIFY_BAD, "not made by" },
		{ "keyless-dsse", NULL, 0, VERIFY_BAD, "no trust root is given" },
		{ "keyless-dsse", &by_key, 0, VERIFY_BAD, "no trust root is given" },
		{ "keyless-dsse", &by_somebody, 0, VERIFY_OTHER, "not one whom" },
		{ "keyless-dsse", &by_elsewhere, 0, VERIFY_OTHER, "not one whom" },
		/* Its certificate has long expired, and was valid when it was logged. */
		{ "keyless-dsse", &by_identity, DAYS(3000), VERIFY_GOOD, "" },
		{ "keyless-dsse", &by_files, 0, VERIFY_GOOD, "" },
		{ "keyless-classic", &by_files, 0, VERIFY_GOOD, "" },
		{ "keyless-second", &by_files, 0, VERIFY_BAD, "does not know" },
		{ "notation-ec", NULL, 0, VERIFY_BAD, "no notation trust store" },
		{ "notation-ec", &by_self, 0, VERIFY_BAD, "in the policy's trust store" },
		{ "notation-ec", &by_german, 0, VERIFY_OTHER, "not one whom" },
		{ "notation-ec", &by_acme, DAYS(4000), VERIFY_BAD, "expired" },
		{ "notation-ec", &by_acme, -DAYS(4000), VERIFY_BAD, "not yet valid" },
		{ "notation-expiry", &by_acme, DAYS(1), VERIFY_BAD, "it has expired" },
		{ "notation-cose", &by_acme, 0, VERIFY_BAD, "COSE" },
	};
	int64_t now_ms = evidence_try_now_ms();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence ev;

		evidence_try_load(cases[i].name, &ev);
		judge(cases[i].spec, &ev, now_ms + cases[i].later_ms);
		if (result.sig[0].verdict != cases[i].verdict ||
		    strstr(result.sig[0].why, cases[i].why) == NULL)
			fail_msg("case %zu, %s: %s: %s", i, cases[i].name,
				 verify_word(result.sig[0].verdict), result.sig[0].why);
		assert_int_equal(result.accepted, cases[i].verdict == VERIFY_GOOD);
		assert_int_equal(result.missing[0] != '\0', !result.accepted);
		evidence_done(&ev);
	}
}

/* The first `from` in the body is `to` instead. */
static void edit(struct evidence *ev, const char *from, const char *to)
{
	CLEANUP(mem_freep)
	char *was = mem_dup(buf_str(&ev->item[0].body));
	struct buf *b = &ev->item[0].body;
	const char *at = strstr(was, from);

	assert_non_null(at);
	buf_clear(b);
	buf_add(b, was, (size_t)(at - was));
	buf_adds(b, to);
	buf_adds(b, at + strlen(from));
}

/* What is well formed, and yet not as it should be. */
static void edited(void **state)
{
	static const struct {
		const char *name, *from, *to, *why;
	} cases[] = {
		{ "keyless-dsse", ".v0.3+json", ".v0.4+json", "unknown version" },
		{ "keyless-dsse", "{\"dsse", "{\"more\":1,\"dsse", "unknown member" },
		{ "keyless-dsse", "{\"dsse", "{\"mediaType\":\"\",\"dsse", "bundle" },
		{ "keyless-dsse", "\"kind\":\"dsse\"", "\"kind\":\"intoto\"", "kind" },
		{ "keyless-dsse", "\"logIndex\":\"1005\"", "\"logIndex\":\"01005\"",
		  "no number" },
		{ "keyless-dsse", "\"treeSize\":\"11\"", "\"treeSize\":\"12\"",
		  "in the tree" },
		{ "keyless-dsse", "\"integratedTime\":\"1", "\"integratedTime\":\"2",
		  "promise" },
		{ "keyless-dsse", "\"hashes\":[", "\"hashes\":[\"AAAA\",",
		  "malformed hash" },
		{ "keyless-dsse", "\"inclusionProof\"", "\"inclusionProve\"",
		  "unknown member" },
		{ "keyless-dsse", "\"certificate\":{", "\"x509CertificateChain\":{",
		  "bundles 0.3 have not" },
		{ "keyless-dsse", "vnd.in-toto+json", "vnd.in-toto+jsom", "around" },
		{ "notation-ec", "\"header\":", "\"headers\":", "unknown member" },
		{ "notation-ec", "\"x5c\":[", "\"x5c\":[],\"x5d\":[", "unknown member" },
		{ "notation-ec", "{\"payload\"", "{\"payload\":\"\",\"payload\"",
		  "duplicate" },
	};
	static const char *const tails[] = { "{}", "x", "\"\"" };
	int64_t now_ms = evidence_try_now_ms();
	struct evidence ev;
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		evidence_try_load(cases[i].name, &ev);
		edit(&ev, cases[i].from, cases[i].to);
		judge(cases[i].name[0] == 'n' ? &by_acme : &by_identity, &ev, now_ms);
		assert_int_equal(result.sig[0].verdict, VERIFY_BAD);
		if (strstr(result.sig[0].why, cases[i].why) == NULL)
			fail_msg("case %zu: %s", i, result.sig[0].why);
		evidence_done(&ev);
	}
	for (i = 0; i < ARRAY_LEN(known); i++) {
		for (k = 0; k < ARRAY_LEN(tails); k++) {
			evidence_try_load(known[i].name, &ev);
			buf_adds(&ev.item[0].body, tails[k]);
			judge(known[i].spec, &ev, now_ms);
			assert_false(result.accepted);
			evidence_done(&ev);
		}
	}
}

/* One good one is enough, whatever else there is; and gaps are told. */
static void several(void **state)
{
	struct evidence ev;
	struct err e;
	char *hostile = mem_dup("\x1b[2Jdown");

	evidence_try_load("cosign2-key", &ev);
	snprintf(ev.gap, sizeof(ev.gap), "docker.io does not answer");
	judge(&by_other, &ev, evidence_try_now_ms());
	assert_non_null(strstr(result.missing, "docker.io does not answer"));
	assert_non_null(strstr(result.missing, "key log.pem"));
	ev.item = mem_grow(ev.item, 2 * sizeof(*ev.item));
	ev.item[1] = ev.item[0];
	ev.item[0] = (struct evidence_item){ .kind = EVIDENCE_BUNDLE, .gap = hostile };
	ev.n = 2;
	judge(&by_key, &ev, evidence_try_now_ms());
	assert_true(result.accepted);
	assert_int_equal(result.n, 2);
	assert_int_equal(result.sig[0].verdict, VERIFY_BAD);
	assert_string_equal(result.sig[0].why, "?[2Jdown");
	evidence_done(&ev);

	evidence_init(&ev, &(struct digest){ 0 }, "t", 1);
	judge(&by_key, &ev, 0);
	assert_false(result.accepted);
	assert_string_equal(result.missing,
			    "no signature by key cosign.pub; it has none at all");
	assert_int_equal(evidence_add(&ev, false, &ev.subject, VIEW("nonsense"), &e), 0);
	evidence_done(&ev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine), cmocka_unit_test(changed),
		cmocka_unit_test(judged),  cmocka_unit_test(edited),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
