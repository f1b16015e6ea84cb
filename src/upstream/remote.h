/*
 * remote.h - struct upstream as this floor's own files see it.
 */
#ifndef LARDER_UPSTREAM_REMOTE_H
#define LARDER_UPSTREAM_REMOTE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "codec/challenge.h"
#include "upstream/account.h"
#include "upstream/breaker.h"
#include "upstream/transport.h"
#include "upstream/upstream.h"
#include "upstream/url.h"

/* What is known of the network that a registry is in; decides where it may send us. */
enum remote_place { REMOTE_UNKNOWN, REMOTE_PRIVATE, REMOTE_PUBLIC };

struct upstream {
	atomic_uint refs;
	char *host;
	char *url; /* no slash at the end */
	struct url at;
	char *realm_host; /* or NULL */
	struct buf ca;	  /* see transport_request.ca */
	struct transport_limits limits;
	bool is_mirror;
	bool direct;
	struct account *account; /* at least one: upstream/account.h */
	size_t n_accounts;
	unsigned reserve;
	_Atomic enum remote_place place;
	/* The last challenge, so that requests can begin with a token: guarded by the
	 * gate. */
	bool challenged;
	struct challenge challenge;
	struct breaker breaker[BREAKER_PARTS]; /* guarded by the gate */
};

#endif
