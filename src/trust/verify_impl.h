/*
 * verify_impl.h - what the judges of single signatures share.
 */
#ifndef LARDER_TRUST_VERIFY_IMPL_H
#define LARDER_TRUST_VERIFY_IMPL_H

#include "trust/policy_impl.h"
#include "trust/verify.h"

/* Each: judge one item into *out, which is zeroed (VERIFY_BAD) but for its kind and
 * manifest. 0: it is judged; -1: *e says why it is bad. p may be NULL. */
int cosign_judge(const struct policy *p, const struct evidence *ev,
		 const struct evidence_item *it, struct verify_signature *out,
		 struct err *e);
int bundle_judge(const struct policy *p, const struct evidence *ev,
		 const struct evidence_item *it, struct verify_signature *out,
		 struct err *e);
int notation_judge(const struct policy *p, const struct evidence *ev,
		   const struct evidence_item *it, int64_t now_ms,
		   struct verify_signature *out, struct err *e);

#endif
