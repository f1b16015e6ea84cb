/*
 * logins.h - does the registry take our credential? Asked by one request at a time, and
 * after a no not again: services lock accounts out after a few wrong passwords.
 *
 *	NEW -> (trial) -> GOOD | REFUSED | LOCKED
 *
 * GOOD: any number of requests may carry the credential, until none has succeeded for a
 * minute; then the next is a trial again. REFUSED: no request does, until the credential
 * is another one (config.json or what a helper says has changed, or new settings made a
 * new struct upstream). One that was good before gets another trial ten minutes later:
 * the service may have lost its mind. LOCKED: the account is locked for a while, ten
 * minutes where it is not said; then as NEW.
 *
 * The other failures (no answer, 5xx, 429) say nothing of the credential: those who
 * waited for the trial are told of its failure, and later ones try again.
 */
#ifndef LARDER_UPSTREAM_LOGINS_H
#define LARDER_UPSTREAM_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "upstream/cred.h"

#define LOGINS_GOOD_MS 60000
#define LOGINS_AGAIN_MS (10 * 60 * 1000)
#define LOGINS_LOCKED_S 600
#define LOGINS_LOCKED_MOST_S 86400

struct account;

enum login_state { LOGIN_NEW, LOGIN_GOOD, LOGIN_REFUSED, LOGIN_LOCKED };

/* Part of struct account; the gate guards it. */
struct logins {
	enum login_state state;
	char cred_id[65];   /* whose state it is; "": nobody's yet */
	bool trying;	    /* a trial is under way */
	bool was_good;	    /* once, with this credential */
	unsigned round;	    /* trials that have ended */
	int64_t until_ms;   /* monotonic: how long the state holds */
	struct err failure; /* of REFUSED, LOCKED, or the last trial */
};

enum login_end {
	LOGIN_END_ACCEPTED,
	LOGIN_END_REFUSED, /* by the one who knows the password: 401 to the login itself
			    */
	LOGIN_END_LOCKED,  /* "too many failed login attempts" */
	LOGIN_END_UNSURE,
};

/* May a request carry this credential (not none)? 0: yes, and logins_end is due after it;
 * *trial: nobody knows yet whether it is any good. -1: no; *e is ERR_DENIED and lasting,
 * or ERR_BUSY with the time that a lock has left, or why the trial that was waited for
 * failed. Waits until deadline_ms (monotonic; 0: a minute) at most. */
int logins_begin(struct account *a, const struct cred *c, int64_t deadline_ms,
		 bool *trial, struct err *e);
/* e: the request's failure, if it failed. For REFUSED and LOCKED it is replaced by what
 * the user is to be told; for LOCKED its retry_after_s is kept. */
void logins_end(struct account *a, const struct cred *c, bool trial, enum login_end end,
		struct err *e);
/* Is the last credential known to be refused, or locked? Then *e says so. No request, no
 * waiting; it may have changed since, if it is a config.json's. */
bool logins_refuse(struct account *a, struct err *e);
/* The registry refused a request that carried it, perhaps only for what it asked: next
 * time it is tried first. */
void logins_doubt(struct account *a, const struct cred *c);

#endif
