/*
 * gate.h - is this manifest served? Policies, enforced on each request for one.
 *
 * By tag, the policy of that tag decides; by digest, the strictest that could (policy.h),
 * unless the digest has been let through before: as what an accepted, or not restricted,
 * tag leads to, or because an accepted index names it. Signatures are looked for in the
 * store and at the upstream (inquiry.h), and judged (verify.h). Fail-closed: what could
 * not be looked for is missing.
 *
 * What is looked at is what is given out: a tag that moves meanwhile is looked at anew.
 *
 * Looking costs time: it is done once for all who ask, on threads of its own
 * (gate_cases.h), while requests are parked. What has been found is remembered: a yes for
 * an hour, a no for ten seconds, so that a crowd is answered from memory and a signature
 * that comes later is seen. Where too much is to be looked at, an image is refused with
 * ERR_BUSY, and that is not remembered. Signatures themselves, and what else is about an
 * image and no image, are always served.
 *
 * Policies that are read again count for all that has not been given out: a request that
 * waits begins anew with them, and what an accepted index names has to be accepted again.
 *
 * Any thread.
 */
#ifndef LARDER_TRUST_GATE_H
#define LARDER_TRUST_GATE_H

#include <stdbool.h>

#include "mirror/ask_manifest.h"
#include "mirror/mirror.h"
#include "oci/reference.h"
#include "store/usage.h"
#include "trust/policy.h"

#define GATE_MAX_KNOWN 20000 /* remembered; when full, all of it is found out again */

struct gate;

/* All borrowed; they outlive it. Nothing is restricted until policies are set. */
struct gate *gate_new(struct mirror *m, struct usage *u);
/* Beside mirror_cancel: whatever is looked at ends soon, with ERR_CANCELLED. */
void gate_cancel(struct gate *g);
/* No request is under way. Cancels, and waits for what is looked at: where that may be
 * something, the mirror has been cancelled. NULL is fine. */
void gate_free(struct gate *g);
/* For requests from now on; taken over. p NULL: nothing is restricted. signers: users who
 * are given unsigned images of local repositories, so that they can sign them; a NUL
 * after each, n in all; copied. What is remembered is forgotten. */
void gate_set(struct gate *g, struct policies *p, const char *signers, size_t n);

/* One request's way through it. */
struct gate_pass;
void gate_pass_free(struct gate_pass *p); /* NULL is fine */

struct gate_say {
	bool warn; /* served though it should not be; why */
	char why[1024];
};

/* As ask_manifest answered: READY: give it out (perhaps with a warning). WAIT: call again
 * when the bell has rung, with the same *pass (NULL at first; the caller's to free).
 * FAILED: ERR_DENIED, ERR_BUSY or ERR_CANCELLED, and *e is what the client is told. user:
 * who asks; NULL: nobody known. */
enum answer gate_ask(struct gate *g, const struct route *r, const struct reference *ref,
		     struct stored *m, const char *user, struct gate_pass **pass,
		     struct gate_say *say, struct err *e);
/* After WAIT. */
struct bell *gate_pass_bell(const struct gate_pass *p, uint64_t *seen);

/* The same for a thread that may wait: 0, or -1. */
int gate_check(struct gate *g, const struct route *r, const struct reference *ref,
	       struct stored *m, struct gate_say *say, struct err *e);

#endif
