/*
 * route.h - which upstream a name belongs to, what it is called there and in the store.
 *
 * A closed world: a name leads to a local repository, to one configured upstream, or
 * nowhere. A plan is one reading of the settings; it never changes, is counted, and lives
 * until the last request and download that uses it has ended.
 */
#ifndef LARDER_MIRROR_ROUTE_H
#define LARDER_MIRROR_ROUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bucket.h"
#include "base/err.h"
#include "oci/lockfile.h"
#include "oci/reference.h"
#include "upstream/upstream.h"

enum tag_rule { TAG_AGE, TAG_ALWAYS, TAG_PINNED };

struct tag_policy {
	enum tag_rule rule;
	int64_t age_ms; /* with TAG_AGE: older than this, a tag is compared with its
			   upstream */
};

/* One upstream registry as configured. */
struct site {
	struct upstream *up;
	char host[256];		     /* canonical, "docker.io" */
	char prefix[NAME_MAX_BYTES]; /* in the store; "" for the default upstream */
	struct tag_policy policy;    /* where no pattern says otherwise */
	/* The last check was slow, or failed: patience is zero. What has failed more
	 * often is not asked at all (upstream/may.h). */
	atomic_bool trouble;
	struct bucket checks; /* mirror/throttle.h */
};

struct tag_pattern {
	char *pattern; /* oci/pattern.h, over host/name:tag */
	struct tag_policy policy;
};

struct plan {
	atomic_int refs;
	struct site *site;
	size_t nsites;
	int default_site; /* index, or -1: names without host live here */
	struct tag_pattern *tags;
	size_t ntags;
	char **local; /* patterns over names: these live here */
	size_t nlocal;
	bool has_lock;
	struct lockfile lock; /* what tags of upstreams stand for, whatever they say */
	int64_t patience_ms; /* a client with a cached copy waits no longer for a check */
	int64_t negative_ms; /* how long an upstream's "no such thing" is remembered */
};

struct plan *plan_new(void); /* empty: everything is local; filled before it is shared */
/* Adds a site; takes over the reference to `up`, unless it fails. The first call with
 * is_default wins. ERR_INVALID: the host is there already or cannot be a name in the
 * store. */
int plan_add_site(struct plan *p, struct upstream *up, bool is_default,
		  struct tag_policy policy, struct err *e);
void plan_add_tags(struct plan *p, const char *pattern, struct tag_policy policy);
void plan_add_local(struct plan *p, const char *pattern);
void plan_set_lock(struct plan *p, struct lockfile *l); /* takes its content over */
/* What l says counts besides, and before what was there. ERR_LIMIT: too many. */
int plan_add_lock(struct plan *p, const struct lockfile *l, struct err *e);
struct plan *plan_ref(struct plan *p);
void plan_unref(struct plan *p);

struct route {
	struct plan *plan;	/* a reference */
	struct site *site;	/* NULL: local */
	struct reponame name;	/* in the store */
	struct reponame remote; /* at the upstream */
};

/* name as in the URL; ns the `?ns=` host in canonical form, or NULL. A name that reads in
 * the store like a local one is local, however it is spelt. ERR_NOT_FOUND: no such
 * upstream is configured, the name would fall among another upstream's, or a mirror that
 * is asked could take it for another image; the message says which. A plan without
 * upstreams has the names of all registries' copies. ERR_INVALID: too long there or in
 * the store, or it would be stored under a name as of a date (oci/asof.h). On success
 * route_done releases. */
int route_find(struct plan *p, const struct reponame *name, const char *ns,
	       struct route *out, struct err *e);
void route_done(struct route *r);
/* The route of a repository that the store has under this name. ERR_NOT_FOUND: no name
 * leads there, as the settings are. */
int route_stored(struct plan *p, const struct reponame *stored, struct route *out,
		 struct err *e);
/* Does a repository that the store has live here? Also one that no name leads to. */
bool route_is_local(struct plan *p, const struct reponame *stored);
/* As people write it: without docker.io and its library/. */
#define ROUTE_SHOWN_MAX (256 + NAME_MAX_BYTES + 2)
void route_shown(const struct route *r, char out[ROUTE_SHOWN_MAX]);
void route_copy(struct route *to, const struct route *from);
/* The rule for a tag of a mirrored repository. */
struct tag_policy route_tag_policy(const struct route *r, const char *tag);
/* What the tag is locked to; NULL: it is not, or the repository lives here. As long as
 * the route. */
const struct lockfile_entry *route_lock(const struct route *r, const char *tag);
/* Has a locked tag of the repository this digest? */
bool route_locks(const struct route *r, const struct digest *d);

#endif
