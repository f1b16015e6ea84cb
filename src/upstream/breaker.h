/*
 * breaker.h - does an upstream answer at all? After a few failures in a row only one
 * request at a time finds out, and all others are refused from memory.
 *
 *	CLOSED -> (5 failures in a row) -> OPEN -> (trial) -> CLOSED | OPEN, longer
 *	CLOSED -> (429 that is no quota's) -> BUSY -> (trial) -> CLOSED | BUSY, longer
 *
 * Two for each upstream, so that trouble of the one does not stop the other: REGISTRY is
 * the registry and its token service (without which the registry is of no use), CDN all
 * that redirects lead to elsewhere. Both are consulted in chase.c, the one place that
 * every request passes, except pushes (but for their tokens): somebody waits for those,
 * they have retries of their own, and a registry's no to a push says nothing of its
 * pulls. Pings (ping.h) and engines do not pass there; they are to see what is.
 *
 * A failure is a request without an answer (refused, timeout, TLS, DNS, reset, nonsense)
 * or a status of 500 and more. Anything else is a good answer as soon as its header is
 * complete: 404, 403 of a signed URL that has expired, a body that breaks off later (the
 * flight's retries see to that). Neither: a challenge (401 to a request that does not say
 * who asks; the token service may still be dead), what we ended ourselves (a stop, a
 * callback, a redirect to a private address, a deadline that left less than 2 s), and the
 * failure of a request that began before the last good answer came. So failures are in a
 * row only if nothing at all worked meanwhile.
 *
 * OPEN: for 250 ms, doubling to 30 s with each trial that fails, +-25 % at random. Then
 * the next request is the trial; whatever becomes of it ends the trial (one that proves
 * nothing leaves the next to be one), so none can be left over. In the first 3 s those
 * who come wait for trials (the last of them at the end of that time), so that a short
 * blip costs a cold client a short wait and not its build; also later for a trial under
 * way, while it is younger than a second. All else is refused at once. A good answer to
 * any request closes it.
 *
 * BUSY: for Retry-After (1 s to an hour), else 60 s doubling to 15 min, +-25 %. Only its
 * trial's good answer closes it; one that comes again soon after goes on doubling.
 *
 * A status is about what was asked, perhaps: a registry that is broken for some images
 * serves its others, and a cache before a dead registry serves what it has. So where all
 * failures in the row were statuses of repositories' requests, only repositories that
 * failed themselves are held back, for 45 s since they last did or until a trial of one
 * of them is good; each of the others is let through until it fails, once. (Silence, five
 * times in a row, or a token service's status, and all are held back.)
 *
 * Times are of the wall clock, which may jump: none is waited for longer than its own
 * span. Any thread; the gate guards it all.
 */
#ifndef LARDER_UPSTREAM_BREAKER_H
#define LARDER_UPSTREAM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/reference.h"
#include "upstream/sick.h"

#define BREAKER_FAILURES 5
#define BREAKER_FIRST_MS 250
#define BREAKER_MOST_MS 30000
#define BREAKER_PATIENCE_MS 3000 /* since it opened: those who come wait */
#define BREAKER_TRIAL_MS 1000	 /* since a trial began: they wait for its end */
#define BREAKER_FAIR_MS 2000	 /* a deadline after less than that proves nothing */
#define BREAKER_BUSY_MS 60000
#define BREAKER_BUSY_MOST_MS (15 * 60000)
#define BREAKER_BUSY_ASKED_MOST_MS (60 * 60000) /* of a Retry-After */
#define BREAKER_CAUSE_MAX 160

struct upstream;

enum breaker_part { BREAKER_REGISTRY, BREAKER_CDN };
#define BREAKER_PARTS 2
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_BUSY };

/* Part of struct upstream; all zeros: CLOSED. */
struct breaker {
	enum breaker_state state;
	enum breaker_state last; /* what it was when it was last not CLOSED */
	unsigned fails;	 /* in a row; not CLOSED, of those it does not hold back */
	int64_t good_ms; /* monotonic: when the last good answer came */
	int64_t since_wall_ms, opened_wall_ms, until_wall_ms;
	int64_t span_ms; /* of the present back-off */
	unsigned level;	 /* how often it has doubled */
	unsigned trial;	 /* the number of the one under way; 0: none */
	unsigned trials;
	int64_t trial_ms; /* monotonic: when that began */
	bool some;	  /* only what is sick is held back */
	struct sick sick;
	char repository[NAME_MAX_BYTES + 1]; /* the only one in the row; "": several */
	char cause[BREAKER_CAUSE_MAX];
};

/* For people, and for decisions before work is begun. */
struct breaker_view {
	enum breaker_state state;
	int64_t since_wall_ms; /* the first failure in the row; 0 with CLOSED */
	int64_t until_wall_ms; /* the next trial; past: it is due, or under way */
	bool some;	       /* OPEN for repositories that failed, not for others */
	char repository[NAME_MAX_BYTES + 1]; /* with some: it is this one; "": several */
	char cause[BREAKER_CAUSE_MAX];	     /* "connection refused"; "" with CLOSED */
};

/* No request, no wait. */
void breaker_look(struct upstream *u, enum breaker_part part, struct breaker_view *out);
/* Would a request be let through now, perhaps as the trial, or after a wait as above? 0,
 * or -1 with *e as breaker_enter has it. patient: false asks what there is without a
 * wait; for those who have something else to serve. repository (at the upstream) may be
 * NULL. No request, no wait, and nothing is counted. */
int breaker_may(struct upstream *u, enum breaker_part part, const char *repository,
		bool patient, struct err *e);

/* "registry", "cdn"; "ok", "open", "busy". Static. */
const char *breaker_part_word(enum breaker_part part);
const char *breaker_state_word(enum breaker_state state);

/* One request's way through; with the thread that makes it. */
struct breaker_pass {
	struct upstream *u;
	enum breaker_part part;
	const char *repository; /* borrowed; NULL: of none, or of all */
	int64_t began_ms;	/* monotonic */
	unsigned trial;		/* its number; 0: it is none */
	bool told;		/* what came of it is known */
};

enum breaker_end {
	BREAKER_END_GOOD,
	BREAKER_END_FAILED,
	BREAKER_END_STATUS, /* failed, by what it answered */
	BREAKER_END_BUSY,
	BREAKER_END_UNSURE,
};

/* Before a request. 0: go on; breaker_leave is due, soon and by all means. -1, nothing
 * is due, and larder_upstream_refused_total has counted it: ERR_UPSTREAM and lasting
 * (err.h), which says since when, why, and when it is tried again; ERR_BUSY with
 * retry_after_s; ERR_CANCELLED. Waits as above, and not past deadline_ms (monotonic; 0:
 * none). */
int breaker_enter(struct upstream *u, enum breaker_part part, const char *repository,
		  int64_t deadline_ms, struct breaker_pass *pass, struct err *e);
/* A good header has come; the body may take long. May be left out. */
void breaker_good(struct breaker_pass *pass);
/* cause: of a failure, in words. after_s: of BUSY, what the other side said; -1: nothing.
 */
void breaker_leave(struct breaker_pass *pass, enum breaker_end end, const char *cause,
		   int after_s);

#endif
