/*
 * policy.h - which images must be signed, and by whom.
 *
 * A list of policies, in the order in which they were written; the first whose pattern
 * matches an image decides about it. What is accepted, by any one of:
 *   keys         a cosign signature, or a sigstore bundle, made with that key;
 *   identities   the same with a certificate that the trust root's authorities gave to
 *                such a person or workload, at a time that the trust root's transparency
 *                log or timestamp authority proves;
 *   notation     a notation signature whose certificate chain ends in one of these
 *                certificates, and whose signer is among the trusted identities.
 * A policies value never changes after it was loaded, is counted, and may be used by many
 * threads at once.
 */
#ifndef LARDER_TRUST_POLICY_H
#define LARDER_TRUST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define POLICY_MAX 256		 /* policies in a list */
#define POLICY_MAX_FILES 64	 /* of each kind in one policy */
#define POLICY_MAX_IDENTITIES 64 /* likewise */
#define POLICY_TEXT_MAX 1024	 /* bytes of an identity */

enum policy_mode {
	POLICY_OFF,	/* whatever it is, it is served; nothing is looked for */
	POLICY_WARN,	/* it is served, and that a signature is missing is said */
	POLICY_REQUIRE, /* without an accepted signature it is not served */
};

/* "require", "warn", "off". policy_mode_parse: ERR_INVALID for other words. */
const char *policy_mode_word(enum policy_mode mode);
int policy_mode_parse(const char *word, enum policy_mode *out, struct err *e);

/* A certificate's holder. Both must be said; patterns as in oci/pattern.h ("*" without
 * "/", "**" with it), which match the whole text. */
struct policy_identity_spec {
	const char *issuer;  /* "https://token.actions.githubusercontent.com" */
	const char *subject; /* "https://github.com/acme/app/.github/workflows/ci.yml@*",
				or an e-mail address */
};

/* A policy as people write it. All is borrowed until policies_load returns; every file is
 * read by it, once. A pointer may be NULL where its count is 0. */
struct policy_spec {
	const char *images; /* oci/pattern.h over host/name:tag; NULL: every image */
	enum policy_mode mode;
	const char *const *key; /* PEM files, one public key each or more */
	size_t nkeys;
	const struct policy_identity_spec *identity;
	size_t nidentities;
	/* Sigstore's trusted_root.json; NULL: none. Besides it, or in its place: */
	const char *trust_root;
	const char *const *ca; /* PEM files: a root, with or without what is below it */
	size_t nca;
	const char *const *log_key; /* PEM files: public keys of transparency logs */
	size_t nlog_keys;
	/* Types of attestations (in-toto's predicateType) that count as signatures, too,
	 * as "https://slsa.dev/provenance/v1"; patterns as above. What they say is not
	 * looked at. Without, none does. */
	const char *const *attestation;
	size_t nattestations;
	bool need_log; /* of signatures by a key, too, a log must have an entry */
	const char *const *notation_ca; /* PEM files: notation's trust store "ca" */
	size_t nnotation_ca;
	/* "x509.subject: C=US, ST=WA, O=acme", or "*" */
	const char *const *notation_identity;
	size_t nnotation_identities;
};

struct policy;
struct policies;

/* ERR_INVALID names the policy (by its images) and what is wrong: nothing is accepted by
 * one that is on, identities without a trust root, a file that is none of what it should
 * be. ERR_NOT_FOUND and others: a file that cannot be read. ERR_LIMIT: over a limit. n
 * may be 0. */
int policies_load(const struct policy_spec *spec, size_t n, struct policies **out,
		  struct err *e);
struct policies *policies_ref(struct policies *p);
void policies_unref(struct policies *p); /* NULL is fine */

/* The policy for an image; NULL: none matches. host is as in images' names ("docker.io");
 * NULL for a local repository, of which patterns see name:tag alone. tag: "" for an image
 * that is asked for by digest, about which nobody knows whether a tag leads to it: then
 * patterns with a tag match by their name, and of all that could have decided, the first
 * among the strictest does. */
const struct policy *policies_find(const struct policies *p, const char *host,
				   const char *name, const char *tag);

const char *policy_images(const struct policy *p); /* its pattern; "**" where none */
enum policy_mode policy_mode(const struct policy *p);
/* What it accepts, for people: "key cosign.pub, or https://github.com/acme/app by
 * https://...". Static length, cut with "...". */
#define POLICY_WANTS_MAX 400
void policy_wants(const struct policy *p, char out[POLICY_WANTS_MAX]);

#endif
