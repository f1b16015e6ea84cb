/*
 * check_upstream.c - one registry: is it reached, does it take our login, what is left of
 * its quota.
 */
#include "doctor/checks.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "upstream/ping.h"
#include "upstream/quota.h"

#define PING_MS 8000
#define SLOW_MS 2000

static void set_name(char out[80], const char *what, const char *host)
{
	snprintf(out, 80, "%s %.60s", what, host);
}

static int64_t until(const struct group *g, int64_t most_ms)
{
	int64_t end = clock_mono_ms() + most_ms;

	return end < g->deadline_ms ? end : g->deadline_ms;
}

static void remedy_unreached(struct group *g, const struct doctor_upstream *u,
			     const struct upstream_ping *p, const char *proxy)
{
	const char *outcome = p->outcome;

	if (!u->needed)
		return; /* one of the well-known ones; nobody may want it */
	if (strcmp(outcome, "dns") == 0)
		finding_remedy(g, "DNS: see /etc/resolv.conf, and whether getent hosts "
				  "finds it; in a container, the engine's --dns");
	else if (strcmp(outcome, "tls") == 0 || strcmp(outcome, "certificate") == 0)
		finding_remedy(g,
			       "a proxy that opens TLS has its own authority: set "
			       "larder.ca (LARDER_CA) or larder.upstreams.%.100s.ca to "
			       "its PEM file; else see whether ca-certificates is "
			       "installed and the clock is right",
			       upstream_host(u->up));
	else if (strcmp(outcome, "proxy") == 0 || p->proxied)
		finding_remedy(g,
			       "the proxy %.150s does not lead there: see HTTPS_PROXY "
			       "and NO_PROXY in larder's environment",
			       proxy);
	else
		finding_remedy(g,
			       "a firewall, or no network: see whether curl -v "
			       "%.150s/v2/ answers; behind a proxy set HTTPS_PROXY. "
			       "What is cached pulls all the same",
			       u->url);
}

static bool check_reached(struct group *g, const struct doctor_upstream *u)
{
	enum finding_state bad = u->needed ? FINDING_FAIL : FINDING_WARN;
	const char *host = upstream_host(u->up);
	struct upstream_ping p;
	char name[80], proxy[256];
	struct err e;
	bool slow;

	set_name(name, "upstream", host);
	upstream_proxy(u->up, proxy);
	if (upstream_ping(u->up, "/v2/", until(g, PING_MS), &p, &e) != 0) {
		finding_say(g, name, bad, "%.150s is not reached: %.300s", u->url, e.msg);
		remedy_unreached(g, u, &p, proxy);
		return false;
	}
	doctor_date(g->d, host, p.date_s);
	/* Some send even this elsewhere. */
	if (p.status >= 400 && p.status != 401 && p.status != 403) {
		finding_say(g, name, bad, "%.150s answers /v2/ with status %d", u->url,
			    p.status);
		finding_remedy(g, p.status == 429
					  ? "too many requests from this address: wait"
				  : p.status >= 500
					  ? "the registry has trouble of its own: wait"
					  : "that is no registry: see the address "
					    "(larder.upstreams, or a proxy in between)");
		return p.status == 429;
	}
	slow = p.took_ms >= SLOW_MS;
	finding_say(g, name, slow ? FINDING_WARN : FINDING_OK,
		    "%.150s answers in %lld ms%s%.150s", u->url, (long long)p.took_ms,
		    p.proxied ? " through the proxy " : "", p.proxied ? proxy : "");
	if (slow)
		finding_remedy(g, "slow: every image that is not cached waits for this");
	return true;
}

static void say_login(struct group *g, const struct doctor_upstream *u, const char *user,
		      const struct err *e, bool failed)
{
	enum login_state state = upstream_login(u->up);
	const char *host = upstream_host(u->up);
	char name[80];

	set_name(name, "login", host);
	if (state == LOGIN_GOOD) {
		finding_say(g, name, FINDING_OK,
			    "%.150s accepts user %.100s (from %.200s)", host, user,
			    u->credentials);
	} else if (state == LOGIN_REFUSED) {
		finding_say(g, name, FINDING_FAIL,
			    "%.150s refused the login of user %.100s (from %.200s)", host,
			    user, u->credentials);
		finding_remedy(g,
			       "check the password or token where it comes from "
			       "(larder.upstreams.%.100s.credentials, %sdocker login); "
			       "it was sent once, and repeating it locks accounts",
			       host,
			       strcmp(host, "docker.io") == 0
				       ? "DOCKER_USERNAME/DOCKER_PASSWORD, "
				       : "");
	} else if (state == LOGIN_LOCKED) {
		finding_say(g, name, FINDING_FAIL,
			    "%.150s has locked the login of user %.100s: too many wrong "
			    "passwords",
			    host, user);
		finding_remedy(g,
			       "correct the password or token first, then wait %d "
			       "minutes",
			       (e->retry_after_s + 59) / 60);
	} else if (failed) {
		finding_say(g, name, FINDING_WARN,
			    "whether %.100s takes user %.100s is not known: %.300s", host,
			    user, e->msg);
	} else {
		finding_say(g, name, FINDING_OK,
			    "%.150s asks for no login (user %.100s, from %.200s)", host,
			    user, u->credentials);
	}
}

/* "6 hours", "90 minutes" */
static void show_window(int64_t s, char out[32])
{
	if (s >= 2 * 3600)
		snprintf(out, 32, "%lld hours", (long long)(s / 3600));
	else
		snprintf(out, 32, "%lld minutes", (long long)((s + 59) / 60));
}

/* So that there is time to do something. */
static bool is_low(const struct upstream_quota *q)
{
	return q->remaining < 10 || (q->limit > 0 && q->remaining < q->limit / 10);
}

static void say_quota(struct group *g, const char *host, const struct upstream_quota *q)
{
	bool anonymous = q->account[0] == '\0';
	char name[80], window[32], whose[96];

	set_name(name, "quota", host);
	if (!q->known || q->remaining < 0) {
		finding_say(g, name, FINDING_OK, "%.150s speaks of no pull limit%s%s",
			    host, anonymous ? "" : " for user ", q->account);
		return;
	}
	show_window(q->window_s > 0 ? q->window_s : 21600, window);
	if (anonymous)
		snprintf(whose, sizeof(whose), "%s",
			 q->source[0] != '\0' ? q->source : "this address");
	else
		snprintf(whose, sizeof(whose), "user %s", q->account);
	finding_say(g, name,
		    q->remaining == 0 ? FINDING_FAIL
		    : is_low(q)	      ? FINDING_WARN
				      : FINDING_OK,
		    "%lld of %lld pulls are left at %.100s in %s (counted for %s)",
		    (long long)q->remaining, (long long)q->limit, host, window, whose);
	if (q->remaining == 0)
		finding_remedy(g,
			       "pulls come back within %s; until then only what is "
			       "cached pulls%s",
			       window,
			       anonymous ? "; log in for more (DOCKER_USERNAME and "
					   "DOCKER_PASSWORD, or docker login)"
					 : "");
	else if (is_low(q))
		finding_remedy(g,
			       "pulls come back within %s; fill the cache before a "
			       "build needs it%s",
			       window,
			       anonymous ? ", and log in for more (DOCKER_USERNAME and "
					   "DOCKER_PASSWORD, or docker login)"
					 : "");
}

/* Of each account that has been asked with. */
static void say_quotas(struct group *g, const struct doctor_upstream *u,
		       const struct upstream_quota *first)
{
	struct upstream_quota q[UPSTREAM_ACCOUNTS_MAX];
	size_t n = upstream_quotas(u->up, q, UPSTREAM_ACCOUNTS_MAX), i;

	if (n == 0)
		say_quota(g, upstream_host(u->up), first);
	for (i = 0; i < n; i++)
		say_quota(g, upstream_host(u->up), &q[i]);
}

static void say_no_quota(struct group *g, const char *host, const struct err *e)
{
	bool busy = e->kind == ERR_BUSY;
	char name[80];

	set_name(name, "quota", host);
	finding_say(g, name, busy ? FINDING_FAIL : FINDING_WARN,
		    "what is left of the quota is not known: %.400s", e->msg);
	if (busy)
		finding_remedy(g, "wait; until then only what is cached pulls");
}

/* Any request tells whether the login is taken: this one costs nothing, and is of an
 * image that need not be there. */
static int ask_something(struct upstream *up, int64_t deadline_ms, struct err *e)
{
	struct upstream_manifest ignored;
	struct reference ref;
	struct reponame name;

	if (reponame_parse(VIEW("larder/login-check"), &name, e) != 0 ||
	    reference_parse(VIEW("latest"), &ref, e) != 0)
		return -1;
	return upstream_head_manifest(up, &name, &ref, deadline_ms, &ignored, e);
}

static void check_login_and_quota(struct group *g, const struct doctor_upstream *u)
{
	const char *host = upstream_host(u->up);
	bool hub = strcmp(host, "docker.io") == 0;
	struct upstream_quota quota = { 0 };
	struct err e = { 0 };
	char name[80], user[256];
	int rc;

	if (upstream_user(u->up, until(g, PING_MS), user, &e) != 0) {
		set_name(name, "login", host);
		finding_say(g, name, FINDING_FAIL, "%.500s", e.msg);
		finding_remedy(g, "mend the file or the credential helper, or docker "
				  "login again");
		return;
	}
	if (user[0] == '\0' && !hub)
		return;
	rc = hub ? upstream_check_quota(u->up, until(g, PING_MS), &quota, &e)
		 : ask_something(u->up, until(g, PING_MS), &e);
	if (user[0] != '\0')
		say_login(g, u, user, &e, rc != 0 && e.kind != ERR_NOT_FOUND);
	if (hub && rc == 0)
		say_quotas(g, u, &quota);
	else if (hub && e.kind != ERR_DENIED && upstream_login(u->up) != LOGIN_LOCKED)
		say_no_quota(g, host, &e);
}

void check_upstream(struct group *g)
{
	const struct doctor_upstream *u = &g->d->conf.upstream[g->which];

	if (check_reached(g, u))
		check_login_and_quota(g, u);
}
