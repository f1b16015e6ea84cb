/*
 * ping.h - is a registry there, and what is to be seen of it without pulling anything.
 * Every call blocks; any thread.
 */
#ifndef LARDER_UPSTREAM_PING_H
#define LARDER_UPSTREAM_PING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "upstream/logins.h"
#include "upstream/upstream.h"

struct upstream_ping {
	int status; /* of HTTP; 0: there was no answer */
	/* What became of it in a word, as metrics have it: "200", or "dns", "refused",
	 * "unreachable", "timeout", "tls", "certificate", "proxy", "reset", "cut",
	 * "slow", "nonsense", "private", "limit", "other".
	 */
	char outcome[12];
	int64_t took_ms;
	int64_t date_s;	   /* its Date, seconds since 1970; 0: not said */
	bool proxied;	   /* it was asked through a proxy */
	bool registry;	   /* it says that it is a registry */
	char instance[64]; /* its Larder-Instance; "": it is no larder that says so */
};

/* GET of a path of the registry ("/v2/"), without credentials; no redirect is followed.
 * 0: it answered, with whatever status. -1: *e says why not, *out is filled all the same.
 */
int upstream_ping(struct upstream *u, const char *path, int64_t deadline_ms,
		  struct upstream_ping *out, struct err *e);

/* Whose credentials it gets, of several the first: "" for nobody's, "(identity token)"
 * for one. An error is that of a config.json or a helper that does not work. */
int upstream_user(struct upstream *u, int64_t deadline_ms, char out[256], struct err *e);
/* What is known of them from requests so far. */
enum login_state upstream_login(struct upstream *u);
/* The proxy that the environment names for it, without user and password; "": none. */
void upstream_proxy(struct upstream *u, char out[256]);

#endif
