/*
 * may.c - what keeps an upstream from being asked, the nearest first. No state.
 */
#include "upstream/may.h"

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

int upstream_may(struct upstream *u, const struct reponame *name, enum upstream_want want,
		 struct err *e)
{
	struct account *a = account_for(u, name->s);

	if (want == UPSTREAM_WANT_BLOB)
		return 0;
	if (login_refused(u, a, e))
		return err_add(e, "%s", u->host);
	if (ledger_may(a, want == UPSTREAM_WANT_REFRESH, u->reserve, e) != 0)
		return err_add(e, "%s", u->host);
	return 0;
}
