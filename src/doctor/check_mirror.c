/*
 * check_mirror.c - does larder answer where clients are told to find it; if not, what
 * does, and could larder be there.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/reference.h"
#include "doctor/mirrors.h"
#include "doctor/port.h"
#include "upstream/ping.h"
#include "upstream/url.h"

#define NAME "mirror"
#define ASK_MS 6000

static const char other_port[] = "stop it, or give larder another port (--addr "
				 "127.0.0.1:5001) and tell the clients "
				 "(larder setup docker)";
static const char hangs[] =
	"it is larder, and does not answer: its log says more; restart it (systemctl "
	"restart larder)";

static bool is(const struct upstream_ping *p, const char *outcome)
{
	return strcmp(p->outcome, outcome) == 0;
}

/* Who holds the port: "python3 (process 123)". */
static void name_holder(const struct port_holder *h, char out[128])
{
	if (h->pid != 0)
		snprintf(out, 128, "%.60s (process %d)", h->name, h->pid);
	else
		snprintf(out, 128,
			 "a process that this user may not see; sudo larder "
			 "doctor, or sudo ss -ltnp, says which");
}

/* Nobody answers on a port of this machine: could larder be started there? */
static void check_port(struct group *g, const struct url *at)
{
	const struct doctor_conf *conf = &g->d->conf;
	struct port_holder holder;
	char who[128];
	struct err e;

	if (port_try(conf->listen_host, (uint16_t)at->port, &e) == 0) {
		finding_say(g, "port", FINDING_OK,
			    "port %d is free: larder can be started on it", at->port);
		return;
	}
	port_find((uint16_t)at->port, &holder);
	if (e.errnum == EADDRINUSE && holder.taken) {
		name_holder(&holder, who);
		finding_say(g, "port", FINDING_FAIL, "port %d is held by %s", at->port,
			    who);
		finding_remedy(g, "%s", other_port);
		return;
	}
	finding_say(g, "port", FINDING_FAIL, "%.300s", e.msg);
	if (e.errnum == EACCES)
		finding_remedy(g, "ports below 1024 need root or "
				  "CAP_NET_BIND_SERVICE; take a higher one");
}

/* It answers, but not as larder does. */
static void check_holder(struct group *g, const struct url *at)
{
	struct port_holder holder;
	char who[128];

	if (!g->d->mirror_is_here)
		return;
	port_find((uint16_t)at->port, &holder);
	if (!holder.taken)
		return;
	name_holder(&holder, who);
	finding_say(g, "port", FINDING_FAIL, "port %d is held by %s", at->port, who);
	finding_remedy(g, "%s", strcmp(holder.name, "larder") == 0 ? hangs : other_port);
}

/* Does it answer when spoken to in the other way? */
static bool other_scheme_works(struct group *g, const struct url *at)
{
	CLEANUP(mem_freep)
	char *url =
		mem_fmt("%s://%s:%d", at->https ? "http" : "https", at->host, at->port);
	struct upstream_conf conf = { .host = url,
				      .url = url,
				      .direct = registry_host_is_loopback(
					      view_of(at->host)),
				      .connect_ms = 2000,
				      .header_ms = 2000 };
	struct upstream *up = upstream_new(&conf, NULL);
	struct upstream_ping p;
	struct err e;
	bool works;

	if (up == NULL)
		return false;
	/* A certificate that is not trusted is a certificate. */
	works = upstream_ping(up, "/v2/", clock_mono_ms() + 3000, &p, &e) == 0
			? p.status != 400
			: is(&p, "certificate");
	upstream_unref(up);
	return works;
}

static void say_silent(struct group *g, const struct url *at,
		       const struct upstream_ping *p, const struct err *e)
{
	const char *url = g->d->conf.mirror;

	finding_say(g, NAME, FINDING_FAIL, "no larder answers at %.150s: %.300s", url,
		    e->msg);
	if (is(p, "refused")) {
		finding_remedy(g,
			       "start larder there (larder serve --mirror; systemctl "
			       "start larder), or name the right address "
			       "(--mirror URL); until then Docker goes past the mirror "
			       "without a word");
		if (g->d->mirror_is_here)
			check_port(g, at);
	} else if (is(p, "dns")) {
		finding_remedy(g,
			       "the address is wrong, or DNS does not know it: "
			       "getent hosts %.150s; put the right one into the "
			       "clients' settings (larder setup docker)",
			       at->host);
	} else if (is(p, "tls") || is(p, "certificate")) {
		finding_remedy(g, "give clients the authority that signed it: "
				  "/usr/local/share/ca-certificates/ and "
				  "update-ca-certificates, then restart Docker; for this "
				  "check --mirror-ca FILE");
	} else if (p->proxied) {
		finding_remedy(g,
			       "it was asked through a proxy: add %.150s to NO_PROXY, "
			       "for Docker too",
			       at->host);
	} else if (is(p, "timeout") || is(p, "unreachable")) {
		finding_remedy(g,
			       "the address is wrong, the machine is down, or a "
			       "firewall drops packets to port %d: larder listens on "
			       "127.0.0.1 only unless --addr says otherwise",
			       at->port);
		check_holder(g, at);
	} else {
		finding_remedy(g, "something else than larder is at that port, or it "
				  "hangs");
		check_holder(g, at);
	}
}

static void say_stranger(struct group *g, const struct url *at,
			 const struct upstream_ping *p)
{
	finding_say(g, NAME, FINDING_FAIL,
		    "what answers at %.150s is %s, and no larder (status %d)",
		    g->d->conf.mirror, p->registry ? "another registry" : "no registry",
		    p->status);
	if (p->proxied) {
		finding_remedy(g,
			       "it was asked through a proxy: add %.150s to NO_PROXY, "
			       "for Docker too",
			       at->host);
		return;
	}
	finding_remedy(g, "the address is wrong, or something else has larder's port; "
			  "name the right one (--mirror URL)");
	check_holder(g, at);
}

/* Larder it is; is it ready, and does it let everybody in? */
static void say_larder(struct group *g, const struct upstream_ping *p)
{
	const char *url = g->d->conf.mirror;
	struct upstream_ping ready;

	if (upstream_ping(g->d->mirror, "/readyz", clock_mono_ms() + ASK_MS, &ready,
			  NULL) == 0 &&
	    ready.status == 503) {
		finding_say(g, NAME, FINDING_FAIL,
			    "larder answers at %.150s but is not ready", url);
		finding_remedy(g, "it is stopping, or cannot read its store: see its "
				  "log, and the findings on disk below");
		return;
	}
	if (p->status == 401) {
		finding_say(g, NAME, FINDING_WARN,
			    "larder answers at %.150s, and asks for a password", url);
		finding_remedy(g, "Docker answers a mirror's question with its Docker "
				  "Hub login, and goes past it when that is wrong: let "
				  "everybody pull (larder.access: anonymous ** pull)");
		return;
	}
	finding_say(g, NAME, FINDING_OK, "larder answers at %.150s in %lld ms%s", url,
		    (long long)p->took_ms,
		    p->proxied ? ", through a proxy: add it to NO_PROXY" : "");
}

void check_mirror(struct group *g)
{
	struct upstream_ping p, health;
	struct url at;
	struct err e;

	if (url_parse(g->d->conf.mirror, &at, &e) != 0) {
		finding_say(g, NAME, FINDING_FAIL, "%s", e.msg);
		return;
	}
	if (upstream_ping(g->d->mirror, "/v2/", clock_mono_ms() + ASK_MS, &p, &e) != 0) {
		if (!is(&p, "refused") && !is(&p, "dns") && !is(&p, "timeout") &&
		    other_scheme_works(g, &at)) {
			finding_say(g, NAME, FINDING_FAIL, "%.150s speaks %s, not %s",
				    g->d->conf.mirror, at.https ? "http" : "https",
				    at.https ? "https" : "http");
			finding_remedy(g,
				       "name the mirror as %s://%.150s:%d in the "
				       "clients' settings",
				       at.https ? "http" : "https", at.host, at.port);
			return;
		}
		say_silent(g, &at, &p, &e);
		return;
	}
	if (!g->d->mirror_is_here)
		doctor_date(g->d, at.host, p.date_s);
	/* A larder that asks for a password says only there who it is. */
	if (p.instance[0] == '\0' && p.status == 401 &&
	    upstream_ping(g->d->mirror, "/healthz", clock_mono_ms() + ASK_MS, &health,
			  NULL) == 0)
		memcpy(p.instance, health.instance, sizeof(p.instance));
	if (p.instance[0] != '\0') {
		say_larder(g, &p);
		check_served(g);
	} else {
		say_stranger(g, &at, &p);
	}
}
