/*
 * signature_try.h - a policy that knows all keys and roots of tests/signatures, and one
 * piece of evidence judged by it.
 */
#ifndef LARDER_TESTS_SIGNATURE_TRY_H
#define LARDER_TESTS_SIGNATURE_TRY_H

#include "fuzz.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/mem.h"
#include "trust/evidence.h"
#include "trust/policy.h"
#include "trust/verify.h"

#define FIXTURE(name) TESTS_DIR "/signatures/" name

/* The image of the fixtures, so that the corpus is accepted. */
#define SUBJECT_DIGEST                                                                   \
	"sha256:6d711c3a4b00a4228e53e506240c0b6cc828ed1cb14d131c5ed57b2e74b298ce"
#define SUBJECT_SIZE 393

static inline const struct policy *signature_try_policy(void)
{
	static const char *const key = FIXTURE("cosign.pub"), *const anyone = "*",
				 *const ca = FIXTURE("notation-ca.pem");
	static const struct policy_identity_spec who = { "**", "**" };
	static const struct policy_spec spec = { .mode = POLICY_REQUIRE,
						 .key = &key,
						 .nkeys = 1,
						 .identity = &who,
						 .nidentities = 1,
						 .trust_root =
							 FIXTURE("trusted_root.json"),
						 .notation_ca = &ca,
						 .nnotation_ca = 1,
						 .notation_identity = &anyone,
						 .nnotation_identities = 1 };
	static struct policies *all;

	if (all == NULL)
		CHECK(policies_load(&spec, 1, &all, NULL) == 0);
	return policies_find(all, NULL, "x", "1");
}

static inline int64_t signature_try_now_ms(void)
{
	static int64_t now_s;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(64);

	if (now_s == 0) {
		CHECK(fs_read(AT_FDCWD, FIXTURE("now"), &text, NULL) == 0);
		now_s = strtoll(buf_str(&text), NULL, 10);
	}
	return now_s * 1000;
}

static inline void signature_try(struct evidence_item *it)
{
	static struct verify_result result;
	struct evidence ev = { .item = it,
			       .n = 1,
			       .size = SUBJECT_SIZE,
			       .media_type = MEDIATYPE_OCI_MANIFEST };

	CHECK(digest_parse(VIEW(SUBJECT_DIGEST), &ev.subject, NULL) == 0);
	verify_evidence(signature_try_policy(), &ev, signature_try_now_ms(), &result);
	CHECK(result.n == 1);
	CHECK(result.accepted == (result.sig[0].verdict == VERIFY_GOOD));
	CHECK(result.accepted == (result.missing[0] == '\0'));
	CHECK((result.sig[0].verdict == VERIFY_GOOD) == (result.sig[0].why[0] == '\0'));
}

#endif
