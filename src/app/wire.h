/*
 * wire.h - from settings to the parts they describe, for every command alike.
 */
#ifndef LARDER_APP_WIRE_H
#define LARDER_APP_WIRE_H

#include "settings/settings.h"
#include "base/err.h"
#include "mirror/retain.h"
#include "mirror/route.h"
#include "store/store.h"
#include "upstream/upstream.h"

/* The upstreams, policies local names and lock as a plan; contacts nobody. NULL: *e names
 * the setting. The HTTP client has been set up (upstream_global_init). */
struct plan *wire_plan(const struct settings *s, struct err *e);
/* The same without the lock of larder.lock: what upstreams say, for who makes locks. */
struct plan *wire_plan_unlocked(const struct settings *s, struct err *e);

/* The same for who looks into a store. Where the upstreams are only taken for granted,
 * and the store has never mirrored any, its images live there. */
struct plan *wire_store_plan(const struct settings *s, struct store *store,
			     struct err *e);

/* The logins of an upstream for upstream_conf.logins, u->n_logins of them; to be freed
 * after upstream_new. */
struct upstream_login *wire_logins(const struct setting_upstream *u);

/* The rows of larder.keep, n of them, whose patterns it borrows; to be freed. */
struct retain_rule *wire_keep(const struct setting_keep *keep, size_t n);

#endif
