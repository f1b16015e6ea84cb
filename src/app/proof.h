/*
 * proof.h - what can be proved of one image: its copy against its digests, its digest
 * against the lock and the upstream, its signatures against a policy.
 */
#ifndef LARDER_APP_PROOF_H
#define LARDER_APP_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "trust/policy.h"
#include "trust/verify.h"

#define PROOF_WHY_MAX 480

enum proof_copy {
	PROOF_WHOLE,
	PROOF_PARTLY,  /* some of it is not here; what is, is right */
	PROOF_DAMAGED, /* some of it is not what its digest says */
};

enum proof_lock {
	PROOF_UNLOCKED, /* no lock file has it */
	PROOF_AS_LOCKED,
	PROOF_NOT_AS_LOCKED,
};

enum proof_upstream {
	PROOF_NOT_ASKED, /* it lives here, has no tag, or nobody is to be asked */
	PROOF_SAME,
	PROOF_MOVED,
	PROOF_GONE,	 /* there is no such tag there any more */
	PROOF_NO_ANSWER, /* upstream_why */
};

/* "whole", "locked", "same": static. */
const char *proof_copy_word(enum proof_copy c);
const char *proof_lock_word(enum proof_lock l);
const char *proof_upstream_word(enum proof_upstream u);

struct proof_ask { /* borrowed */
	struct mirror *mirror;
	struct store *store;
	const struct policies *policies; /* NULL: none */
	bool offline;			 /* ask no upstream */
	bool read; /* read every blob again, too; else only manifests */
};

struct proof {
	char shown[ROUTE_SHOWN_MAX];
	char tag[TAG_MAX_BYTES + 1]; /* "": by digest */
	struct digest digest;
	enum proof_copy copy;
	char copy_why[PROOF_WHY_MAX];
	enum proof_lock lock;
	struct digest locked; /* with PROOF_NOT_AS_LOCKED */
	enum proof_upstream upstream;
	struct digest there; /* with PROOF_MOVED */
	char upstream_why[PROOF_WHY_MAX];
	const struct policy *policy; /* the one that decides about it, or NULL */
	struct verify_result signatures;
	char gap[PROOF_WHY_MAX]; /* signatures may be missing from this: why; "" */
	bool good;
	char why[PROOF_WHY_MAX]; /* unless good: the first thing that is wrong */
};

/* The image that the store has at this digest. *out is large; it is valid as long as the
 * policies. ERR_CANCELLED, or the store has not even its manifest; what is wrong with
 * the image is no failure. */
int proof_make(const struct proof_ask *ask, const struct route *r, const char *tag,
	       const struct digest *d, struct proof *out, struct err *e);

#endif
