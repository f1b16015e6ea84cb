/*
 * policies_impl.h - a list of policies from inside.
 */
#ifndef LARDER_TRUST_POLICIES_IMPL_H
#define LARDER_TRUST_POLICIES_IMPL_H

#include <stdatomic.h>
#include <stddef.h>

struct policy;

struct policies {
	atomic_int refs;
	struct policy **policy;
	size_t n;
};

#endif
