/*
 * gate_rules.c - what is on, and who signs.
 */
#include "trust/gate_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct gate_rules *gate_rules_new(struct policies *p, const char *signers, size_t n,
				  unsigned long serial)
{
	struct gate_rules *r = mem_alloc(sizeof(*r));

	atomic_init(&r->refs, 1);
	r->serial = serial;
	r->policies = p;
	r->signers = mem_alloc(n + 1);
	memcpy(r->signers, signers, n);
	r->n = n;
	return r;
}

struct gate_rules *gate_rules_ref(struct gate_rules *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

void gate_rules_unref(struct gate_rules *r)
{
	if (r == NULL || atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	policies_unref(r->policies);
	free(r->signers);
	free(r);
}

bool gate_rules_signer(const struct gate_rules *r, const char *user)
{
	size_t at;

	for (at = 0; user != NULL && at < r->n; at += strlen(r->signers + at) + 1)
		if (strcmp(r->signers + at, user) == 0)
			return true;
	return false;
}

const struct policy *gate_rules_policy(const struct gate_rules *r, const struct route *at,
				       const char *tag)
{
	const struct policy *p =
		policies_find(r->policies, at->site != NULL ? at->site->host : NULL,
			      at->site != NULL ? at->remote.s : at->name.s, tag);

	return p == NULL || policy_mode(p) == POLICY_OFF ? NULL : p;
}
