/*
 * quota.h - pull quotas: what upstreams say of them, what was spent, when they are back.
 *
 * Docker Hub says its numbers with every manifest that it gives or describes, in headers;
 * for the account that is signed in, or the address when nobody is. Other registries, and
 * plans without a limit, say nothing, and are never held back. The window rolls: a pull
 * is there again when it is as old as the window. Each account (upstream/account.h) has
 * its own numbers, kept by upstream/ledger.h; this is their public face.
 *
 * Times named wall are clock_wall_ms() and may be shown and stored. Any thread.
 */
#ifndef LARDER_UPSTREAM_QUOTA_H
#define LARDER_UPSTREAM_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/reference.h"

struct upstream;

#define UPSTREAM_ACCOUNTS_MAX 64 /* of one upstream, that without patterns included */
#define UPSTREAM_SPENT_MAX 64	 /* in one struct upstream_news */

struct upstream_quota {
	bool known; /* it said numbers; false: limit to source are zero and "" */
	int64_t limit, remaining; /* pulls; -1: that one was not said */
	int64_t window_s;	  /* 0: not said */
	int64_t seen_wall_ms;	  /* when it said so */
	/* Whom it counts: an address, or an account's id. "" when not said. Visible
	 * ASCII.
	 */
	char source[64];
	/* Whose quota: the user's name as it may be shown (visible ASCII, cut), or
	 * "(identity token)"; "" for nobody's, which is the address's. */
	char account[64];
	/* The same, to tell accounts apart, also across restarts: 64 hexadecimal digits
	 * made of the user's name (of the token, where there is one instead), never of a
	 * password, so that a new password is the same account; "" for nobody's. */
	char account_id[65];
	/* Pulls counted in the window that ends now: by this store's larders (as far as
	 * upstream_quota_restore told), and by others behind the same account or address
	 * when numbers were last said (0 where they are older than a window). */
	int64_t spent, others;
	/* A pull would be refused. back_wall_ms (0 without): when the first one is there
	 * again, which is our oldest pull's age or, with none of ours, a whole window
	 * after it was used up. */
	bool used_up;
	int64_t back_wall_ms;
};

/* One for each account that has said numbers, spent, was refused or was restored, in the
 * order of the accounts; at most max. How many were written. */
size_t upstream_quotas(struct upstream *u, struct upstream_quota *out, size_t max);
/* Of the account that requests for that repository (its name at the upstream) are made
 * with. False: it has not said any numbers (known); the rest of *out is right all the
 * same. */
bool upstream_quota_for(struct upstream *u, const struct reponame *name,
			struct upstream_quota *out);
/* Of the account that said numbers last. False, and *out zeroed: none ever has. */
bool upstream_quota(struct upstream *u, struct upstream_quota *out);

/* Asks now, at no cost: Docker Hub has an image for that (HEAD of the manifest of
 * ratelimitpreview/test:latest), which is asked for with every account, *out being the
 * first's. 0 with out->known false: it answered, and speaks of no quota. ERR_NOT_FOUND
 * for any registry but docker.io; else as upstream_head_manifest, for the first account.
 * Blocks; deadline_ms is monotonic. */
int upstream_check_quota(struct upstream *u, int64_t deadline_ms,
			 struct upstream_quota *out, struct err *e);

/* Kept across restarts by who knows a disk. n pulls were made within the slot of time
 * that begins at slot_wall_ms; how long one is (a 360th of the window) need not be known.
 */
struct upstream_spent {
	int64_t slot_wall_ms;
	uint32_t n;
};

/* What this upstream's account q->account_id (others: ignored) said and spent, as
 * upstream_quota_news has once given it, here or in another process. q's observation
 * (known to source, seen_wall_ms; used_up and back_wall_ms) counts if it is later than
 * what is known; its spent and others are worked out anew. s is added to what was spent:
 * tell each pull once. It does not come back as news. Slots older than the window, and
 * those of a future, are left out, or count as now. Where the account is not known yet
 * because it is a config.json's, the one with the latest numbers is kept until it is. */
void upstream_quota_restore(struct upstream *u, const struct upstream_quota *q,
			    const struct upstream_spent *s, size_t n);

struct upstream_news {
	struct upstream_quota quota; /* as upstream_quotas has it */
	bool changed; /* its observation, used_up or back_wall_ms, since last taken */
	struct upstream_spent spent[UPSTREAM_SPENT_MAX]; /* since last taken, by slot */
	size_t n_spent;
};

/* Takes what is new of the first account that has something new: true; what did not fit
 * comes with the next call, so call until false. Costs next to nothing when nothing is
 * new. */
bool upstream_quota_news(struct upstream *u, struct upstream_news *out);

/* For this floor: is there a free request that says the numbers, and making it with one
 * account. */
bool quota_has_check(const struct upstream *u);
struct account;
int quota_check(struct upstream *u, struct account *a, int64_t deadline_ms,
		struct err *e);

#endif
