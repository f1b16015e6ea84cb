/*
 * may.c - what keeps an upstream from being asked, the nearest first. No state.
 */
#include "upstream/may.h"

#include "upstream/breaker.h"
#include "upstream/gate.h"
#include "upstream/remote.h"

/* Without a challenge nobody has been asked for a login. One of a config.json may be
 * another by now, which only its reader finds out. */
static bool login_refused(struct upstream *u, struct account *a, struct err *e)
{
	bool challenged;

	gate_lock();
	challenged = u->challenged;
	gate_unlock();
	return challenged && cred_is_fixed(a->creds) && logins_refuse(a, e);
}

/* A copy is served while a check would wait; nothing else is there to be served. */
static bool is_patient(enum upstream_want want)
{
	return want == UPSTREAM_WANT_PULL || want == UPSTREAM_WANT_BLOB ||
	       want == UPSTREAM_WANT_LIST;
}

bool upstream_can_give(struct upstream *u, const struct reponame *name)
{
	struct account *a = account_for(u, name->s);
	bool used_up;

	gate_lock();
	used_up = a->ledger.used_up;
	gate_unlock();
	return !used_up && breaker_may(u, BREAKER_REGISTRY, name->s, false, NULL) == 0 &&
	       breaker_may(u, BREAKER_CDN, name->s, false, NULL) == 0;
}

static int decide(struct upstream *u, const struct reponame *name,
		  enum upstream_want want, struct err *e)
{
	struct account *a = account_for(u, name->s);
	bool patient = is_patient(want);
	unsigned keep;

	if (breaker_may(u, BREAKER_REGISTRY, name->s, patient, e) != 0)
		return -1;
	if (want == UPSTREAM_WANT_BLOB)
		return breaker_may(u, BREAKER_CDN, name->s, patient, e);
	if (want == UPSTREAM_WANT_LIST)
		return 0;
	if (login_refused(u, a, e))
		return -1;
	/* A copy is not given up for one whose layers do not come. */
	if (want == UPSTREAM_WANT_REFRESH &&
	    breaker_may(u, BREAKER_CDN, name->s, patient, e) != 0)
		return -1;
	/* What has moved may be an index, of which another manifest is wanted next: with
	 * the last pull, a copy would be given up for something that cannot be had. */
	keep = u->reserve > 0 ? u->reserve : 1;
	return ledger_may(a, want == UPSTREAM_WANT_REFRESH, keep, e);
}

int upstream_may(struct upstream *u, const struct reponame *name, enum upstream_want want,
		 struct err *e)
{
	return decide(u, name, want, e) == 0 ? 0 : err_add(e, "%s: %s", u->host, name->s);
}
