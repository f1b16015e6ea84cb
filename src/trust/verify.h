/*
 * verify.h - is an image signed by whom its policy wants? A judgement on evidence: no
 * I/O, no clock, no state. Any thread.
 *
 * Everything is refused that is not understood: unknown versions, kinds, algorithms and
 * critical headers, members that come twice, text after the end. A signature counts only
 * if it says that it is over this very manifest.
 */
#ifndef LARDER_TRUST_VERIFY_H
#define LARDER_TRUST_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/digest.h"
#include "trust/evidence.h"
#include "trust/policy.h"

#define VERIFY_SIGNER_MAX 512
#define VERIFY_WHY_MAX 480

enum verify_verdict {
	VERIFY_BAD,   /* not verified: why says so */
	VERIFY_OTHER, /* genuine, but not by one whom the policy accepts: why */
	VERIFY_GOOD,  /* genuine and accepted */
};

const char *verify_word(enum verify_verdict v); /* "bad", "other", "good" */

struct verify_signature {
	enum evidence_kind kind;
	struct digest manifest; /* of the signature */
	enum verify_verdict verdict;
	char why[VERIFY_WHY_MAX]; /* "" with VERIFY_GOOD */
	/* Who made it. With VERIFY_BAD it is what the signature claims, proved by
	 * nothing;
	 * "" where it claims nothing. "key sha256:..." of the public key's DER, the
	 * subject of a certificate by Fulcio, or a distinguished name. */
	char signer[VERIFY_SIGNER_MAX];
	char issuer[VERIFY_SIGNER_MAX]; /* who vouches for a certificate's holder; "" */
	char key[VERIFY_SIGNER_MAX];	/* the file of the policy's key that fits; "" */
	int64_t when_ms;		/* wall clock; 0: it does not say */
	bool when_proved; /* by a log or a timestamp, not the signer's word */
	bool logged;	  /* a transparency log's entry about it was verified */
	/* The name for which it was made, as the signer said; "" where it does not say.
	 * Not compared: images are signed under one name and mirrored under others. */
	char image[VERIFY_SIGNER_MAX];
};

struct verify_result {
	bool accepted; /* one at least is VERIFY_GOOD */
	struct verify_signature sig[EVIDENCE_MAX_ITEMS];
	size_t n;
	/* Unless accepted: what is missing, for people, in one sentence, with the
	 * policy's name: "no signature by key cosign.pub: ..." */
	char missing[VERIFY_WHY_MAX];
};

/* policy NULL: nothing is accepted, and what needs a key or a root to be proved is BAD
 * with the reason; that still says what is there. now_ms: wall clock, for what is not
 * dated by a log. *out is large: not for small stacks. */
void verify_evidence(const struct policy *policy, const struct evidence *ev,
		     int64_t now_ms, struct verify_result *out);

#endif
