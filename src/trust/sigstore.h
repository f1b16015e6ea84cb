/*
 * sigstore.h - a signature by sigstore's rules, whichever of its forms it came in: by
 * whom, logged where, when. The forms are read by cosign.c and bundle.c.
 */
#ifndef LARDER_TRUST_SIGSTORE_H
#define LARDER_TRUST_SIGSTORE_H

#include "trust/policy_impl.h"
#include "trust/rekor.h"
#include "trust/tlog.h"
#include "trust/verify.h"

#define SIGSTORE_MAX_ENTRIES 8
#define SIGSTORE_MAX_TIMES 8

struct sigstore_entry {
	struct tlog_entry entry;
	const char *kind, *version; /* as said beside it; NULL: not said */
};

struct sigstore_claim {
	struct rekor_claim what; /* its cert is the leaf; its key is filled here */
	struct cert_list certs;	 /* the leaf first; n 0: by a key */
	struct sigstore_entry entry[SIGSTORE_MAX_ENTRIES];
	size_t nentries;
	struct buf time[SIGSTORE_MAX_TIMES]; /* RFC 3161 responses */
	size_t ntimes;
};

void sigstore_claim_done(struct sigstore_claim *c);

/* That the signed text is about the right image is the caller's to know. 0: genuine, out
 * says of whom and whether the policy accepts that; -1: *e. */
int sigstore_judge(const struct policy *p, struct sigstore_claim *c,
		   struct verify_signature *out, struct err *e);

#endif
