/*
 * pages.h - a list that a registry gives page by page: Link with rel="next" (RFC 8288),
 * followed on the same host only.
 */
#ifndef LARDER_UPSTREAM_PAGES_H
#define LARDER_UPSTREAM_PAGES_H

#include "base/buf.h"
#include "oci/reference.h"
#include "upstream/transport.h"
#include "upstream/upstream.h"

#define PAGES_MAX 200
#define PAGES_MAX_BYTES (4u << 20) /* of one page */

struct pages {
	const char *kind;   /* for metrics and messages: "tags" */
	const char *accept; /* a whole header line */
	const char *path;   /* from "/v2/" on */
	/* Each page's body; non-zero ends it with *e. */
	int (*take)(void *arg, struct view page, struct err *e);
	void *arg;
};

/* Errors as upstream.h has them; what was taken before one is the caller's to drop. */
int pages_get(struct upstream *u, const struct reponame *name, const struct pages *p,
	      int64_t deadline_ms, struct err *e);

/* The target of Link: <target>; rel="next". Empty: there is none. */
struct view pages_next_link(const struct transport_answer *a);

#endif
