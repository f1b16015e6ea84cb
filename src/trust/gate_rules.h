/*
 * gate_rules.h - one reading of the policies: counted, and it never changes. Any thread.
 */
#ifndef LARDER_TRUST_GATE_RULES_H
#define LARDER_TRUST_GATE_RULES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "mirror/route.h"
#include "trust/policy.h"

struct gate_rules {
	atomic_int refs;
	unsigned long serial; /* another with each reading */
	struct policies *policies;
	char *signers; /* a NUL after each */
	size_t n;
};

/* Takes the policies over; signers: a NUL after each, n bytes in all, copied. */
struct gate_rules *gate_rules_new(struct policies *p, const char *signers, size_t n,
				  unsigned long serial);
struct gate_rules *gate_rules_ref(struct gate_rules *r);
void gate_rules_unref(struct gate_rules *r); /* NULL is fine */

bool gate_rules_signer(const struct gate_rules *r, const char *user); /* NULL: nobody */
/* What is asked of the image (policies_find; tag "": by digest); NULL: nothing. */
const struct policy *gate_rules_policy(const struct gate_rules *r, const struct route *at,
				       const char *tag);

#endif
