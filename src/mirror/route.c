/*
 * route.c - from names to upstreams.
 */
#include "mirror/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/asof.h"
#include "oci/pattern.h"
#include "oci/wellknown.h"

struct plan *plan_new(void)
{
	struct plan *p = mem_alloc(sizeof(*p));

	atomic_init(&p->refs, 1);
	p->default_site = -1;
	p->patience_ms = 2000;
	p->negative_ms = 10000;
	return p;
}

static struct site *find_host(struct plan *p, const char *host)
{
	size_t i;

	for (i = 0; i < p->nsites; i++)
		if (strcmp(p->site[i].host, host) == 0)
			return &p->site[i];
	return NULL;
}

int plan_add_site(struct plan *p, struct upstream *up, bool is_default,
		  struct tag_policy policy, struct err *e)
{
	const char *host = upstream_host(up);
	struct reponame valid;
	struct site *s;
	char *colon;

	if (find_host(p, host) != NULL)
		return err_set(e, ERR_INVALID, "upstream %s is configured twice", host);
	p->site = mem_grow(p->site, (p->nsites + 1) * sizeof(*p->site));
	s = &p->site[p->nsites];
	memset(s, 0, sizeof(*s));
	snprintf(s->host, sizeof(s->host), "%s", host);
	if (!is_default || p->default_site >= 0) {
		/* A port's colon is no character of names. */
		if (strlen(host) >= sizeof(s->prefix))
			return err_set(e, ERR_INVALID, "upstream host %s is too long",
				       host);
		memcpy(s->prefix, host, strlen(host) + 1);
		colon = strrchr(s->prefix, ':');
		if (colon != NULL)
			*colon = '_';
		if (reponame_parse(view_of(s->prefix), &valid, NULL) != 0)
			return err_set(
				e, ERR_INVALID,
				"upstream host %s cannot be part of a repository name",
				host);
	} else {
		p->default_site = (int)p->nsites;
	}
	s->up = up;
	s->policy = policy;
	p->nsites++;
	return 0;
}

void plan_add_tags(struct plan *p, const char *pattern, struct tag_policy policy)
{
	p->tags = mem_grow(p->tags, (p->ntags + 1) * sizeof(*p->tags));
	p->tags[p->ntags].pattern = mem_dup(pattern);
	p->tags[p->ntags++].policy = policy;
}

void plan_add_local(struct plan *p, const char *pattern)
{
	p->local = mem_grow(p->local, (p->nlocal + 1) * sizeof(*p->local));
	p->local[p->nlocal++] = mem_dup(pattern);
}

void plan_set_lock(struct plan *p, struct lockfile *l)
{
	lockfile_done(&p->lock);
	p->lock = *l;
	*l = LOCKFILE_INIT;
	p->has_lock = true;
}

int plan_add_lock(struct plan *p, const struct lockfile *l, struct err *e)
{
	size_t i;

	p->has_lock = true;
	for (i = 0; i < l->n; i++)
		if (lockfile_put(&p->lock, l->entry[i], e) != 0)
			return -1;
	return 0;
}

struct plan *plan_ref(struct plan *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void plan_unref(struct plan *p)
{
	size_t i;

	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	for (i = 0; i < p->nsites; i++)
		upstream_unref(p->site[i].up);
	for (i = 0; i < p->ntags; i++)
		free(p->tags[i].pattern);
	for (i = 0; i < p->nlocal; i++)
		free(p->local[i]);
	lockfile_done(&p->lock);
	free(p->site);
	free(p->tags);
	free(p->local);
	free(p);
}

/* Docker Hub's official images are below library/, also when people leave that out. */
static bool needs_library(const struct site *s, const char *name)
{
	return strcmp(s->host, "docker.io") == 0 && strchr(name, '/') == NULL;
}

/* name begins with "<host>/" of a site (or "<host>_<port>/"): that site, and what
 * follows. */
static struct site *by_prefix(struct plan *p, const char *name, const char **rest)
{
	size_t i, n = strcspn(name, "/");
	char first[NAME_MAX_BYTES + 1];
	struct site *s;
	char *port;

	if (name[n] == '\0')
		return NULL;
	memcpy(first, name, n);
	first[n] = '\0';
	*rest = name + n + 1;
	s = find_host(p, first);
	if (s != NULL)
		return s;
	for (i = 0; i < p->nsites; i++)
		if (strcmp(p->site[i].prefix, first) == 0)
			return &p->site[i];
	port = strrchr(first, '_');
	if (port == NULL)
		return NULL;
	*port = ':';
	return find_host(p, first);
}

static bool has_host(const char *name)
{
	size_t n = strcspn(name, "/");

	return name[n] == '/' && memchr(name, '.', n) != NULL;
}

/* "quay.io/x/y" must not be asked of Docker Hub: no name space there has a dot. */
static bool is_foreign_host(const struct site *dflt, const char *name)
{
	return strcmp(dflt->host, "docker.io") == 0 && has_host(name);
}

/* A mirror of several registries may take "docker.io/x" for x of docker.io, whatever it
 * is told to take it for, and "asof-..." for a date; no lock and no policy here would
 * know it by that name. */
static bool is_ambiguous(struct plan *p, const char *remote)
{
	const char *rest;

	return asof_is(remote) || by_prefix(p, remote, &rest) != NULL ||
	       (strchr(remote, '/') != NULL &&
		wellknown_is((struct view){ remote, strcspn(remote, "/") }));
}

static bool is_local(const struct plan *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->nlocal; i++)
		if (pattern_match_name(p->local[i], name))
			return true;
	return false;
}

/* A date is taken off before a route is looked for; nothing is stored under one. */
static int check_stored(const struct reponame *stored, struct err *e)
{
	if (!asof_is(stored->s))
		return 0;
	return err_set(e, ERR_INVALID,
		       "%.120s: a name as of a date is for pulls from a larder that "
		       "serves, with the date first, before a registry's name; nothing "
		       "is stored under it",
		       stored->s);
}

static int to_local(struct plan *p, const struct reponame *name, struct route *out,
		    struct err *e)
{
	if (check_stored(name, e) != 0)
		return -1;
	*out = (struct route){ .plan = plan_ref(p), .name = *name, .remote = *name };
	return 0;
}

/* Without upstreams all lives here, that of registries which everybody knows in the
 * places where a mirror of Docker Hub keeps it: so a store that was filled by one, or by
 * an import, can be its clients' mirror. Any other name may be this registry's own, by
 * which whoever mirrors it asks. */
static int to_own(struct plan *p, const struct reponame *name, const char *ns,
		  struct route *out, struct err *e)
{
	char prefix[256 + 1], stored[sizeof(prefix) + NAME_MAX_BYTES + 1];
	struct reponame own;

	if (!wellknown_is(view_of(ns)))
		return to_local(p, name, out, e);
	if (strcmp(ns, "docker.io") == 0)
		return has_host(name->s)
			       ? err_set(e, ERR_NOT_FOUND,
					 "%s: no name space of Docker Hub has a dot",
					 name->s)
			       : to_local(p, name, out, e);
	snprintf(prefix, sizeof(prefix), "%s/", ns);
	if (strncmp(name->s, prefix, strlen(prefix)) == 0)
		return to_local(p, name, out, e);
	snprintf(stored, sizeof(stored), "%s%s", prefix, name->s);
	if (reponame_parse(view_of(stored), &own, NULL) != 0)
		return err_set(e, ERR_NOT_FOUND,
			       "registry %s (from ?ns=) has nothing here", ns);
	return to_local(p, &own, out, e);
}

/*
 * The name at a site. Names of the default upstream have no prefix in the store, so one
 * may read there like a local name or like one of another upstream's. The first lives
 * here, however it is spelt; the second must not get to where the other's copies are.
 */
static int to_site(struct plan *p, struct site *s, const char *name, struct route *out,
		   struct err *e)
{
	char remote[NAME_MAX_BYTES + 16], stored[2 * NAME_MAX_BYTES + 32];
	struct route r = { .site = s };
	struct site *other;
	const char *rest;

	snprintf(remote, sizeof(remote), "%s%s", needs_library(s, name) ? "library/" : "",
		 name);
	snprintf(stored, sizeof(stored), "%s%s%s", s->prefix, s->prefix[0] ? "/" : "",
		 remote);
	if (reponame_parse(view_of(remote), &r.remote, e) != 0 ||
	    reponame_parse(view_of(stored), &r.name, e) != 0 ||
	    check_stored(&r.name, e) != 0)
		return -1;
	if (is_foreign_host(s, remote))
		return err_set(e, ERR_NOT_FOUND,
			       "%s: no name space of Docker Hub has a dot; the registry "
			       "is written once, in front",
			       remote);
	if (is_local(p, r.name.s))
		return to_local(p, &r.name, out, e);
	if (upstream_is_mirror(s->up) && is_ambiguous(p, remote))
		return err_set(
			e, ERR_NOT_FOUND,
			"%s of registry %s cannot be asked of its mirror %s, which "
			"may take it for another image; write the registry once, "
			"in front (larder.upstreams.%s.itself says that the URL is "
			"no mirror's)",
			remote, s->host, upstream_url(s->up), s->host);
	other = by_prefix(p, r.name.s, &rest);
	if (other != NULL && other != s)
		return err_set(e, ERR_NOT_FOUND,
			       "%s of registry %s cannot be mirrored: here that name is "
			       "registry %s's",
			       r.remote.s, s->host, other->host);
	r.plan = plan_ref(p);
	*out = r;
	return 0;
}

int route_find(struct plan *p, const struct reponame *name, const char *ns,
	       struct route *out, struct err *e)
{
	const char *rest;
	struct site *s;

	if (ns != NULL && p->nsites == 0)
		return to_own(p, name, ns, out, e);
	if (ns != NULL) {
		s = find_host(p, ns);
		if (s == NULL)
			return err_set(
				e, ERR_NOT_FOUND,
				"registry %s (from ?ns=) is not one of this mirror's "
				"upstreams; add it to larder.upstreams",
				ns);
		/* A client that both names the registry and has it in its path. */
		if (by_prefix(p, name->s, &rest) != s)
			rest = name->s;
		return to_site(p, s, rest, out, e);
	}
	if (is_local(p, name->s))
		return to_local(p, name, out, e);
	s = by_prefix(p, name->s, &rest);
	if (s != NULL)
		return to_site(p, s, rest, out, e);
	if (p->default_site < 0)
		return to_local(p, name, out, e);
	s = &p->site[p->default_site];
	if (is_foreign_host(s, name->s))
		return err_set(
			e, ERR_NOT_FOUND,
			"registry %.*s is not one of this mirror's upstreams; add it to "
			"larder.upstreams",
			(int)strcspn(name->s, "/"), name->s);
	return to_site(p, s, name->s, out, e);
}

int route_stored(struct plan *p, const struct reponame *stored, struct route *out,
		 struct err *e)
{
	struct route r;
	struct err why;

	if (route_find(p, stored, NULL, &r, &why) == 0) {
		if (strcmp(r.name.s, stored->s) == 0) {
			*out = r;
			return 0;
		}
		route_done(&r);
	}
	return err_set(e, ERR_NOT_FOUND, "no name leads to the repository %s", stored->s);
}

void route_shown(const struct route *r, char out[ROUTE_SHOWN_MAX])
{
	const char *name = r->remote.s;

	if (r->site == NULL) {
		snprintf(out, ROUTE_SHOWN_MAX, "%s", r->name.s);
	} else if (strcmp(r->site->host, "docker.io") != 0) {
		snprintf(out, ROUTE_SHOWN_MAX, "%s/%s", r->site->host, name);
	} else {
		if (strncmp(name, "library/", 8) == 0 && strchr(name + 8, '/') == NULL)
			name += 8;
		snprintf(out, ROUTE_SHOWN_MAX, "%s", name);
	}
}

void route_done(struct route *r)
{
	plan_unref(r->plan);
	r->plan = NULL;
}

void route_copy(struct route *to, const struct route *from)
{
	*to = *from;
	plan_ref(to->plan);
}

struct tag_policy route_tag_policy(const struct route *r, const char *tag)
{
	size_t i;

	for (i = 0; i < r->plan->ntags; i++)
		if (pattern_match_tag(r->plan->tags[i].pattern, r->site->host,
				      r->remote.s, tag))
			return r->plan->tags[i].policy;
	return r->site->policy;
}

const struct lockfile_entry *route_lock(const struct route *r, const char *tag)
{
	if (r->site == NULL || !r->plan->has_lock)
		return NULL;
	return lockfile_find(&r->plan->lock, r->site->host, r->remote.s, tag);
}

bool route_locks(const struct route *r, const struct digest *d)
{
	const struct lockfile_entry *const *entry;
	size_t i, n = 0;

	if (r->site == NULL || !r->plan->has_lock)
		return false;
	entry = lockfile_find_name(&r->plan->lock, r->site->host, r->remote.s, &n);
	for (i = 0; i < n; i++)
		if (digest_equal(&entry[i]->image.digest, d))
			return true;
	return false;
}

bool route_is_local(struct plan *p, const struct reponame *stored)
{
	struct route r;
	bool local;

	if (route_stored(p, stored, &r, NULL) != 0)
		return true;
	local = r.site == NULL;
	route_done(&r);
	return local;
}
