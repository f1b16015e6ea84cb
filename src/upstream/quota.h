/*
 * quota.h - what an upstream last said of its pull quota.
 *
 * Docker Hub says it with every manifest that it gives or describes, in headers; for the
 * account that is signed in, or the address when nobody is. Other registries, and plans
 * without a limit, say nothing. The numbers are best-effort, says Docker. Any thread.
 */
#ifndef LARDER_UPSTREAM_QUOTA_H
#define LARDER_UPSTREAM_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct transport_answer;
struct upstream;

struct upstream_quota {
	bool known;		  /* false: it did not say; all else is zero then */
	int64_t limit, remaining; /* pulls; -1: that one was not said */
	int64_t window_s;	  /* 0: not said */
	int64_t seen_wall_ms;	  /* when it said so */
	/* Whom it counts: an address, or an account's id. "" when not said. Visible
	 * ASCII.
	 */
	char source[64];
};

/* What it last said, to the credential now in use. False, and *out zeroed: never. */
bool upstream_quota(struct upstream *u, struct upstream_quota *out);

/* Asks now, at no cost: Docker Hub has an image for that (HEAD of the manifest of
 * ratelimitpreview/test:latest). 0 with out->known false: it answered, and speaks of no
 * quota. ERR_NOT_FOUND for any registry but docker.io; else as upstream_head_manifest.
 * Blocks; deadline_ms is monotonic. */
int upstream_check_quota(struct upstream *u, int64_t deadline_ms,
			 struct upstream_quota *out, struct err *e);

/* For this floor: an answer of the registry itself came, */
void quota_note(struct upstream *u, const struct transport_answer *a);
/* and requests are made with that credential from now on (struct cred's id). */
void quota_use(struct upstream *u, const char *cred_id);

#endif
