/*
 * policy_impl.h - a loaded policy, for those who judge by it.
 */
#ifndef LARDER_TRUST_POLICY_IMPL_H
#define LARDER_TRUST_POLICY_IMPL_H

#include "codec/cert.h"
#include "codec/pubkey.h"
#include "trust/policy.h"
#include "trust/trustroot.h"

struct policy_key {
	struct pubkey *key;
	char *file;
};

struct policy_identity {
	char *issuer, *subject; /* patterns */
};

struct policy {
	char *images; /* NULL: every image */
	enum policy_mode mode;
	struct policy_key key[POLICY_MAX_FILES];
	size_t nkeys;
	struct policy_identity identity[POLICY_MAX_IDENTITIES];
	size_t nidentities;
	char *attestation[POLICY_MAX_IDENTITIES]; /* patterns of types */
	size_t nattestations;
	struct trustroot root;
	bool need_log;
	struct cert_list notation_ca;
	char *notation_identity[POLICY_MAX_IDENTITIES]; /* a subject; NULL: anyone */
	size_t nnotation_identities;
};

#endif
