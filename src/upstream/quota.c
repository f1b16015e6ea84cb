/*
 * quota.c - the accounts' ledgers as others see them, and the free check. No state.
 */
#include "upstream/quota.h"

#include <string.h>

#include "upstream/gate.h"
#include "upstream/ledger_keep.h"
#include "upstream/manifests.h"
#include "upstream/remote.h"

#define CHECK_HOST "docker.io"
#define CHECK_NAME "ratelimitpreview/test"
#define CHECK_TAG "latest"

size_t upstream_quotas(struct upstream *u, struct upstream_quota *out, size_t max)
{
	size_t n = 0, i;

	gate_lock();
	for (i = 0; i < u->n_accounts && n < max; i++)
		n += ledger_keep_show(&u->account[i].ledger, &out[n]);
	gate_unlock();
	return n;
}

bool upstream_quota_for(struct upstream *u, const struct reponame *name,
			struct upstream_quota *out)
{
	struct account *a = account_for(u, name->s);

	gate_lock();
	ledger_keep_show(&a->ledger, out);
	gate_unlock();
	return out->known;
}

bool upstream_quota(struct upstream *u, struct upstream_quota *out)
{
	struct upstream_quota one;
	size_t i;

	*out = (struct upstream_quota){ 0 };
	gate_lock();
	for (i = 0; i < u->n_accounts; i++) {
		ledger_keep_show(&u->account[i].ledger, &one);
		if (one.known && (!out->known || one.seen_wall_ms > out->seen_wall_ms))
			*out = one;
	}
	gate_unlock();
	return out->known;
}

bool quota_has_check(const struct upstream *u)
{
	return strcmp(u->host, CHECK_HOST) == 0;
}

int quota_check(struct upstream *u, struct account *a, int64_t deadline_ms, struct err *e)
{
	struct upstream_manifest ignored;
	struct reference ref;
	struct reponame name;

	if (reponame_parse(view_of(CHECK_NAME), &name, e) != 0 ||
	    reference_parse(view_of(CHECK_TAG), &ref, e) != 0)
		return -1;
	return manifests_head(u, &name, &ref, a, false, deadline_ms, &ignored, e);
}

/* A refusal that says what is left has answered the question too. */
static int check_one(struct upstream *u, struct account *a, int64_t deadline_ms,
		     struct upstream_quota *out, struct err *e)
{
	struct upstream_quota now = { 0 };
	unsigned before;
	int rc;

	gate_lock();
	before = a->ledger.notes;
	gate_unlock();
	rc = quota_check(u, a, deadline_ms, e);
	gate_lock();
	if (a->ledger.notes != before)
		ledger_keep_show(&a->ledger, &now);
	gate_unlock();
	if (rc != 0 && !now.known)
		return -1;
	*out = now;
	return 0;
}

int upstream_check_quota(struct upstream *u, int64_t deadline_ms,
			 struct upstream_quota *out, struct err *e)
{
	struct upstream_quota ignored;
	size_t i;
	int rc;

	if (!quota_has_check(u))
		return err_set(e, ERR_NOT_FOUND, "%s: has no way to ask for a pull quota",
			       u->host);
	rc = check_one(u, &u->account[0], deadline_ms, out, e);
	for (i = 1; i < u->n_accounts; i++)
		check_one(u, &u->account[i], deadline_ms, &ignored, NULL);
	return rc;
}

void upstream_quota_restore(struct upstream *u, const struct upstream_quota *q,
			    const struct upstream_spent *s, size_t n)
{
	struct ledger_log log = { 0 };
	bool taken = false;
	size_t i;

	gate_lock();
	for (i = 0; i < u->n_accounts && !taken; i++)
		taken = ledger_keep_restore(&u->account[i].ledger, q, s, n, &log);
	gate_unlock();
	ledger_log_say(u->host, &log);
}

bool upstream_quota_news(struct upstream *u, struct upstream_news *out)
{
	size_t i;
	bool any = false;

	gate_lock();
	for (i = 0; i < u->n_accounts && !any; i++)
		any = ledger_keep_news(&u->account[i].ledger, out);
	gate_unlock();
	return any;
}
