/*
 * account.c - choosing an account, and the life of all of an upstream's.
 */
#include "upstream/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/pattern.h"
#include "upstream/remote.h"

static int check_login(const struct upstream_conf *conf, const struct upstream_login *l,
		       struct err *e)
{
	size_t i;

	if (l->username == NULL || *l->username == '\0' || l->password == NULL)
		return err_set(e, ERR_INVALID,
			       "%s: credentials: user name and password go together",
			       conf->host);
	if (strchr(l->username, ':') != NULL)
		return err_set(e, ERR_INVALID,
			       "%s: credentials: a colon in the user name", conf->host);
	for (i = 0; i < l->n_names; i++) {
		if (pattern_check(l->names[i], e) != 0)
			return err_add(e, "%s: credentials: names", conf->host);
		if (pattern_has_tag(l->names[i]))
			return err_set(e, ERR_INVALID,
				       "%s: credentials: names: \"%.60s\": names of "
				       "repositories only, without a tag",
				       conf->host, l->names[i]);
	}
	return 0;
}

static bool is_same_user(const struct upstream_login *l, const char *username)
{
	return username != NULL && strcmp(l->username, username) == 0;
}

int account_check(const struct upstream_conf *conf, struct err *e)
{
	bool has_last = conf->username != NULL;
	size_t i, k;

	if (conf->n_logins >= UPSTREAM_ACCOUNTS_MAX)
		return err_set(e, ERR_INVALID, "%s: credentials: more than %d",
			       conf->host, UPSTREAM_ACCOUNTS_MAX - 1);
	for (i = 0; i < conf->n_logins; i++) {
		const struct upstream_login *l = &conf->logins[i];
		bool same = is_same_user(l, conf->username);

		if (check_login(conf, l, e) != 0)
			return -1;
		if (l->n_names == 0 && (has_last || i + 1 < conf->n_logins))
			return err_set(e, ERR_INVALID,
				       "%s: credentials: what stands after user %.60s is "
				       "never used: without names, that one is for all",
				       conf->host, l->username);
		for (k = 0; k < i && !same; k++)
			same = is_same_user(l, conf->logins[k].username);
		if (same)
			return err_set(e, ERR_INVALID,
				       "%s: credentials: user %.60s stands there twice: "
				       "give one entry all its names",
				       conf->host, l->username);
	}
	return 0;
}

static void make(struct account *a, const char *host, const struct upstream_login *l,
		 const char *docker_config)
{
	CLEANUP(cred_done)
	struct cred cred = { 0 };
	size_t i;

	a->host = host;
	a->creds = cred_source_new(host, l->username, l->password, docker_config);
	a->name = mem_alloc((l->n_names + 1) * sizeof(*a->name));
	for (i = 0; i < l->n_names; i++)
		a->name[a->n_names++] = mem_dup(l->names[i]);
	ledger_init(&a->ledger);
	if (cred_is_fixed(a->creds) && cred_get(a->creds, 0, &cred, NULL) == 0)
		ledger_use(a, &cred);
}

struct account *account_make_all(const struct upstream_conf *conf, const char *host,
				 size_t *n)
{
	const struct upstream_login rest = { conf->username, conf->password, NULL, 0 };
	struct account *all = mem_alloc((conf->n_logins + 1) * sizeof(*all));
	size_t i;

	*n = 0;
	for (i = 0; i < conf->n_logins; i++)
		make(&all[(*n)++], host, &conf->logins[i], NULL);
	if (*n == 0 || all[*n - 1].n_names > 0)
		make(&all[(*n)++], host, &rest, conf->docker_config);
	return all;
}

void account_free_all(struct account *a, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		cred_source_free(a[i].creds);
		for (k = 0; k < a[i].n_names; k++)
			free(a[i].name[k]);
		free(a[i].name);
	}
	free(a);
}

struct account *account_for(struct upstream *u, const char *name)
{
	size_t i, k;

	for (i = 0; i + 1 < u->n_accounts && name != NULL && *name != '\0'; i++)
		for (k = 0; k < u->account[i].n_names; k++)
			if (pattern_match_name(u->account[i].name[k], name))
				return &u->account[i];
	return &u->account[u->n_accounts - 1];
}
