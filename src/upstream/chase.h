/*
 * chase.h - one request along its redirects, to whoever answers in the end.
 *
 * Each hop is one transport_run, counted and logged, unless its part's breaker holds it
 * back (breaker.h; not for a push). Refusals (any final status but 2xx) have their body
 * kept, for it says why.
 */
#ifndef LARDER_UPSTREAM_CHASE_H
#define LARDER_UPSTREAM_CHASE_H

#include "base/metrics.h"
#include "upstream/breaker.h"
#include "upstream/redirect.h"
#include "upstream/remote.h"

#define CHASE_REFUSAL_BYTES 65536 /* more of a refusal is not read */

struct chase {
	struct upstream *u;
	struct account *account; /* whose quota the answers are about; NULL: nobody's */
	const char *kind;	 /* as meter.h has it */
	const char *method, *url;
	const char *repository; /* that it is about, for the breaker; NULL: none */
	const char *header[TRANSPORT_MAX_HEADERS - 1]; /* go to every hop */
	const char *authorization; /* a header line, for the origin only; NULL: none */
	const char *form;	   /* with POST; then redirects are refused */
	const struct transport_body *body; /* or NULL */
	bool push;			   /* the scope of a push, as realm.h has it */
	const char *from;
	bool stay;	     /* redirects to other origins are failures */
	int answer_ms;	     /* in place of the upstream's limit for a header; 0: that */
	int64_t deadline_ms; /* monotonic; 0: none */
	size_t buffer_bytes;
	bool registry; /* the first hop is the registry's own, trusted to be anywhere */
	/* For a 2xx answer; both as in transport_request. */
	int (*head)(void *arg, struct transport_answer *a, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
	struct buf proof; /* where authorization points, if c is to own it; wiped at the
			     end */
	/* Filled by chase_run: */
	struct transport_answer answer;
	struct redirect way; /* way.foreign: not answered by the origin itself */
	struct buf refusal;
	metric_cell *received;
	struct breaker_pass pass;
	bool headed; /* the last hop's header came, complete */
};

/* May be run again after a run. 0: answered with c->answer.status. */
int chase_run(struct chase *c, struct err *e);
void chase_done(struct chase *c);

#endif
