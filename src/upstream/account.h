/*
 * account.h - whom an upstream's requests are made for: one configured login, or what a
 * config.json has, or nobody. Each has its own state of login and its own quota.
 *
 * A request for a repository is made with the first account whose patterns match its name
 * at the upstream, and with no other: an account that is refused or used up is not
 * replaced by the next. The last account has no patterns and takes what is left over,
 * requests that are about no repository included.
 */
#ifndef LARDER_UPSTREAM_ACCOUNT_H
#define LARDER_UPSTREAM_ACCOUNT_H

#include "upstream/cred.h"
#include "upstream/ledger.h"
#include "upstream/logins.h"
#include "upstream/upstream.h"

/* Part of struct upstream; never moves. Any thread, the gate guards what changes. */
struct account {
	const char *host; /* the upstream's */
	char **name;	  /* patterns; n_names 0: all */
	size_t n_names;
	struct cred_source *creds;
	struct logins logins;
	struct ledger ledger;
};

/* ERR_INVALID: a bad user name or pattern, the same user twice, or a login that is never
 * reached. */
int account_check(const struct upstream_conf *conf, struct err *e);
/* Those of a checked conf, the last one without patterns; *n of them, at most
 * UPSTREAM_ACCOUNTS_MAX. host is borrowed. */
struct account *account_make_all(const struct upstream_conf *conf, const char *host,
				 size_t *n);
void account_free_all(struct account *a, size_t n);
/* For a repository's name; NULL or "": for none. */
struct account *account_for(struct upstream *u, const char *name);

#endif
