/*
 * ledger.h - one account's pull quota: what was said, what is spent, what is under way.
 *
 *	silent -> known -> (none left, or a refusal) -> used up -> (a look) -> known
 *
 * Silent: no answer has spoken of a quota, and nothing is held back. Known: no more
 * counted requests are under way than pulls remain; further ones wait for one of them to
 * end, since its answer brings new numbers. So the limit is reached without a refusal.
 * Others behind the same account or address know nothing of ours, nor we of theirs:
 * therefore no more than a quarter of what remains is under way at once, as long as
 * answers come within a second; and until the very first answer one request goes ahead,
 * with the same patience. Used up: refused from memory; now and then one thread looks
 * whether that still holds, by the free request that quota.h has, or where there is none
 * by making its own.
 *
 * Refused pulls have been seen to count: nothing else is asked to find out whether it
 * would be refused. An answer without numbers changes nothing: an image may be exempt,
 *and the quota of all others is as it was.
 */
#ifndef LARDER_UPSTREAM_LEDGER_H
#define LARDER_UPSTREAM_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "upstream/quota.h"
#include "upstream/spent.h"

#define LEDGER_WINDOW_S (6 * 3600)	 /* where it is not said */
#define LEDGER_WINDOW_MOST_S (7 * 86400) /* longer ones count as this */
#define LEDGER_LOOK_LEAST_MS 1000	 /* from look to look while it is used up: a */
#define LEDGER_LOOK_MOST_MS 300000	 /* 72nd of the window, within these */
#define LEDGER_LOOK_AGAIN_MS 15000	 /* after a look that got no answer */
#define LEDGER_PASS_MS 10000		 /* for who was let through to look */
#define LEDGER_SHARE 4			 /* a quarter */
#define LEDGER_PATIENCE_MS 1000

struct account;
struct cred;
struct transport_answer;

/* Part of struct account; the gate guards it. */
struct ledger {
	char id[65], user[64];	 /* as upstream_quota has them */
	bool id_known;		 /* false: of a config.json that was not read yet */
	bool heard;		 /* some answer about a manifest has come */
	struct upstream_quota q; /* the numbers that count: known to source */
	int64_t seen_mono_ms;
	unsigned notes; /* how often any were said */
	struct spent own;
	int64_t own_then; /* of own, what was made until q was seen */
	unsigned in_flight;
	unsigned waiting; /* for one of them to end, or for a first answer */
	bool used_up;
	bool refused;	       /* against the numbers, which do not end it then */
	int64_t since_wall_ms; /* used up */
	int64_t back_wall_ms;  /* as a Retry-After said; 0: it did not */
	int64_t look_wall_ms;  /* when to look again */
	bool looking;	       /* a thread is at it */
	int64_t pass_ms; /* monotonic: until then somebody was let through to look */
	int level;	 /* that was logged: ledger_log.h */
	bool changed;	 /* since news were taken */
};

void ledger_init(struct ledger *l);
/* Requests are made with that credential from now on. */
void ledger_use(struct account *a, const struct cred *c);

/* One counted request, begun. */
struct ledger_pull {
	int64_t began_wall_ms;
	bool look; /* it shows whether a quota is back */
};

enum ledger_end {
	LEDGER_END_COUNTED, /* it was answered with what was asked for */
	LEDGER_END_REFUSED, /* 429, for the quota */
	LEDGER_END_OTHER,
};

/* Before a counted request. 0: make it; ledger_end is due. -1: *e is ERR_BUSY, with
 * retry_after_s and what to do, or ERR_CANCELLED. Waits for pulls under way, and may make
 * a free request. deadline_ms: monotonic, 0: a minute. */
int ledger_begin(struct upstream *u, struct account *a, int64_t deadline_ms,
		 struct ledger_pull *p, struct err *e);
/* retry_after_s: of a refusal; 0 or less: it did not say. *e (may be NULL) is filled anew
 * for a refusal. */
void ledger_end(struct account *a, const struct ledger_pull *p, enum ledger_end end,
		int retry_after_s, struct err *e);
/* The registry itself has answered a request that began at began_ms (monotonic) with this
 * account. manifest: it was about one. */
void ledger_note(struct account *a, const struct transport_answer *answer, bool manifest,
		 int64_t began_ms);

/* As upstream_may has it, for PULL and CHECK, or with refresh for REFRESH. */
int ledger_may(struct account *a, bool refresh, unsigned reserve, struct err *e);

#endif
