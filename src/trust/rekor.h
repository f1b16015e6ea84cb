/*
 * rekor.h - what an entry of the Rekor log says, compared with the signature beside which
 * it came: the log lists everything that it is given, so an entry proves something only
 * if it is about exactly this signature, key and text.
 *
 * Kinds: hashedrekord 0.0.1 and 0.0.2, rekord 0.0.1, dsse 0.0.1, intoto 0.0.2
 * (sigstore/rekor pkg/types, sigstore/rekor-tiles).
 */
#ifndef LARDER_TRUST_REKOR_H
#define LARDER_TRUST_REKOR_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/cert.h"
#include "codec/pubkey.h"

struct rekor_claim {
	struct view signature;	  /* its bytes */
	const struct cert *cert;  /* by whom: a certificate, or */
	const struct pubkey *key; /* a key */
	struct view text;	  /* what is signed: a payload, or a DSSE's PAE */
	bool is_dsse;
	struct view payload; /* a DSSE's */
	/* The digest in place of the text, where only that is known (SHA-256 of an
	 * image's manifest); NULL otherwise. */
	const unsigned char *digest;
};

/* kind and version: as the bundle says; NULL: it does not. ERR_DENIED: it is about
 * something else; ERR_INVALID: malformed or of an unknown kind. */
int rekor_match(struct view body, const char *kind, const char *version,
		const struct rekor_claim *claim, struct err *e);

#endif
