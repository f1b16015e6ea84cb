/*
 * wire.c - making the parts of the house out of settings. No state.
 */
#include "app/wire.h"

#include <stddef.h>

#include "app/lockpath.h"
#include "base/mem.h"
#include "oci/wellknown.h"
#include "upstream/upstream.h"

static struct tag_policy policy_of(int64_t age_ms)
{
	return (struct tag_policy){ age_ms == 0 ? TAG_ALWAYS : TAG_AGE, age_ms };
}

struct upstream_login *wire_logins(const struct setting_upstream *u)
{
	struct upstream_login *logins = mem_alloc((u->n_logins + 1) * sizeof(*logins));
	size_t i;

	for (i = 0; i < u->n_logins; i++) {
		const struct setting_account *a = &u->logins[i];

		logins[i] = (struct upstream_login){ a->username, a->password,
						     (const char *const *)a->names,
						     a->n_names };
	}
	return logins;
}

static int add_upstream(struct plan *p, const struct settings *s,
			const struct setting_upstream *u, struct err *e)
{
	CLEANUP(mem_freep)
	struct upstream_login *logins = wire_logins(u);
	struct upstream_conf conf = {
		.host = u->host,
		.url = u->url,
		.logins = logins,
		.n_logins = u->n_logins,
		.username = u->username,
		.password = u->password,
		.docker_config = s->docker_config,
		.ca_file = u->ca_file != NULL ? u->ca_file : s->ca_file,
		.realm_host = u->realm_host,
		.connect_ms = (int)s->connect_ms,
		.header_ms = (int)s->header_ms,
		.stall_ms = (int)s->stall_ms,
		.reserve = s->reserve,
		.is_mirror = !u->is_itself && !wellknown_own_url(u->host, u->url),
	};
	int64_t age_ms = u->has_freshness ? u->freshness_ms : s->freshness_ms;
	struct upstream *up = upstream_new(&conf, e);

	if (up == NULL)
		return -1;
	if (plan_add_site(p, up, u->is_default, policy_of(age_ms), e) == 0)
		return 0;
	upstream_unref(up);
	return -1;
}

struct plan *wire_plan(const struct settings *s, struct err *e)
{
	struct lockfile lock = LOCKFILE_INIT;
	struct plan *p;

	if (s->lock != NULL && lockpath_read(s->lock, &lock, e) != 0) {
		err_add(e, "larder.lock");
		return NULL;
	}
	p = wire_plan_unlocked(s, e);
	if (p != NULL && s->lock != NULL)
		plan_set_lock(p, &lock);
	lockfile_done(&lock);
	return p;
}

struct plan *wire_plan_unlocked(const struct settings *s, struct err *e)
{
	struct plan *p = plan_new();
	size_t i;

	p->patience_ms = s->patience_ms;
	p->negative_ms = s->negative_ms;
	for (i = 0; i < s->n_tags; i++) {
		struct tag_policy policy = policy_of(s->tags[i].age_ms);

		if (s->tags[i].pinned)
			policy.rule = TAG_PINNED;
		plan_add_tags(p, s->tags[i].pattern, policy);
	}
	for (i = 0; i < s->n_local; i++)
		plan_add_local(p, s->local[i]);
	for (i = 0; i < s->n_upstreams; i++) {
		if (add_upstream(p, s, &s->upstreams[i], e) != 0) {
			plan_unref(p);
			return NULL;
		}
	}
	return p;
}

struct plan *wire_store_plan(const struct settings *s, struct store *store, struct err *e)
{
	return s->assumed && s->n_named == 0 && !store_has_mirrored(store)
		       ? plan_new()
		       : wire_plan(s, e);
}

struct retain_rule *wire_keep(const struct setting_keep *keep, size_t n)
{
	struct retain_rule *rule = mem_alloc((n + 1) * sizeof(*rule));
	size_t i;

	for (i = 0; i < n; i++)
		rule[i] = (struct retain_rule){ keep[i].pattern, keep[i].local,
						keep[i].last, keep[i].used_ms };
	return rule;
}
