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
 * eleventh, which meets every place in base64's groups of four. */
static void changed(void **state)
{
	const char *every = getenv("LARDER_TEST_EVERY_BYTE");
	size_t step = every != NULL && strcmp(every, "1") == 0 ? 1 : 11;
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
	assert_in_range(tried, 80000 / step, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine),
		cmocka_unit_test(changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
