/*
 * upstream.h - one remote registry, and what can be asked of it.
 *
 * Every call blocks until it is answered, refused or out of time, and belongs on a pool
 * thread; any number of threads may call at once. A call makes the whole dance: token,
 * request, redirects, one fresh token after a 401. It does not retry otherwise: that is
 * upstream/retry.h for small requests, and the flight for blobs.
 *
 * Credentials go to this registry and to its token realm only (realm of the same host or
 * registrable domain, or named in the settings), never along a redirect to another host
 * (other host name, port or scheme), never to a log or an error message.
 *
 * Errors: NOT_FOUND only where the registry itself says 404 to an authorised request with
 * an answer that is a registry's (an HTML page with 404 is UPSTREAM); DENIED for a
 * lasting 401 or 403 of the registry or its token service; BUSY for 429 with
 * retry_after_s where given; UPSTREAM for all trouble else: refused, timed out, reset,
 * cut short, 5xx, nonsense. CORRUPT when a manifest's bytes do not match the digest asked
 * for. LIMIT for answers over our limits. Messages name the registry, the request and the
 * cause, e.g. "docker.io: GET manifest of library/python:3.11-slim: connection refused".
 */
#ifndef LARDER_UPSTREAM_UPSTREAM_H
#define LARDER_UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"

struct upstream;

/* One of several logins: see upstream/account.h for which is used when. */
struct upstream_login {
	const char *username, *password;
	/* Patterns (oci/pattern.h, without tags) of the repositories, as they are named
	 * at the upstream, that it is for; none: all. */
	const char *const *names;
	size_t n_names;
};
/* Of a body in a second, on average over slow_ms; less is ERR_UPSTREAM. */
#define UPSTREAM_LEAST_BYTES 1024

struct upstream_conf {
	const char
		*host;	 /* as in image names: "docker.io"; labels metrics and messages */
	const char *url; /* "https://registry-1.docker.io", http or https, no userinfo */
	/* In order; the first that is for a repository is used for it, and no other. */
	const struct upstream_login *logins;
	size_t n_logins;
	const char *username, *password; /* for all else; NULL: none */
	/* Path of a Docker config.json to look in for what no login is for; NULL: none */
	const char *docker_config;
	const char *ca_file;	/* PEM, in addition to the system's; NULL: none */
	const char *realm_host; /* a foreign token realm that may have the credential */
	/* The URL is a mirror's, which may be one of other registries, too: it is told
	 * with each request of which (?ns=, OCI distribution-spec "Registry Proxying").
	 */
	bool is_mirror;
	bool direct;	  /* through no proxy, whatever the environment says */
	int connect_ms;	  /* 0: the default of 5,000 */
	int header_ms;	  /* request sent to first header line; 0: 10,000 */
	int stall_ms;	  /* no byte of a body for so long; 0: 10,000 */
	unsigned reserve; /* pulls that upstream/may.h keeps from refreshing */
	int slow_ms;	  /* less than 1 KiB/s of a body for so long; 0: 30,000, or
			     three times stall_ms */
};

/* Checks the settings, contacts nobody. ERR_INVALID names the setting. */
struct upstream *upstream_new(const struct upstream_conf *conf, struct err *e);
struct upstream *upstream_ref(struct upstream *u);
void upstream_unref(struct upstream *u); /* NULL is fine */
const char *upstream_host(const struct upstream *u);
const char *upstream_url(const struct upstream *u); /* has no credentials in it */
bool upstream_is_mirror(const struct upstream *u);

/* Process-wide set-up and end of the HTTP client; not while calls are running. */
int upstream_global_init(struct err *e);
void upstream_global_done(void);
/* Every call under way, and every later one, ends soon with ERR_CANCELLED. */
void upstream_cancel_all(void);
bool upstream_cancelled(void); /* has that been called? */
/* Closes connections that have been idle for long. Calls do it as well; this is for the
 * time when none are made. Any thread. */
void upstream_sweep(void);

/* What the registry says of a manifest. */
struct upstream_manifest {
	bool has_digest; /* Docker-Content-Digest was there and well formed */
	struct digest digest;
	char media_type[MEDIATYPE_MAX]; /* Content-Type without parameters, "" if none */
	int64_t length;			/* -1: not said */
};

/* HEAD /v2/<name>/manifests/<ref>: free of pull quota. deadline_ms: monotonic, for all.
 */
int upstream_head_manifest(struct upstream *u, const struct reponame *name,
			   const struct reference *ref, int64_t deadline_ms,
			   struct upstream_manifest *out, struct err *e);
/* GET: costs quota. body (its limit is the bound, MANIFEST_MAX_BYTES) is replaced. With a
 * digest as ref, the bytes match it or the call fails (CORRUPT). With a tag and a
 * Docker-Content-Digest, likewise; without, out->digest is the sha256 of the bytes. A
 * body that is not JSON or not a manifest is UPSTREAM ("answered with a web page"). */
int upstream_get_manifest(struct upstream *u, const struct reponame *name,
			  const struct reference *ref, int64_t deadline_ms,
			  struct buf *body, struct upstream_manifest *out, struct err *e);

/* Size of a blob without downloading it: HEAD, and where that is refused after a redirect
 * or not allowed (401, 403, 405, 501, no length), a GET of its first byte. */
int upstream_head_blob(struct upstream *u, const struct reponame *name,
		       const struct digest *d, int64_t deadline_ms, uint64_t *size,
		       struct err *e);

/* A blob's bytes from an offset on, as they come. Callbacks run on the calling thread. */
struct upstream_sink {
	/* Once, before the bytes: the whole blob's size (-1: not said), and the offset at
	 * which the bytes begin: the one asked for, or 0 where the registry ignored it.
	 * Non-zero return ends the call with *e as the callback filled it. */
	int (*begin)(void *arg, int64_t size, uint64_t first, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

/* 0: the answer was whole as HTTP goes (length kept, or chunked end seen); the digest is
 * the caller's to check. ERR_UPSTREAM: broken off; what came came through data(). A 416
 * to an offset > 0 is ERR_CORRUPT: our partial copy is no prefix of it. No overall
 * deadline: the connect, header and stall timeouts bound it. No content encoding is ever
 * asked for. */
int upstream_get_blob(struct upstream *u, const struct reponame *name,
		      const struct digest *d, uint64_t offset,
		      const struct upstream_sink *sink, struct err *e);

/* All tags of a repository, following Link rel="next" on the same host, each added to out
 * with a NUL after it (out's limit bounds all; ERR_LIMIT), at most 200 pages. */
int upstream_list_tags(struct upstream *u, const struct reponame *name,
		       int64_t deadline_ms, struct buf *out, struct err *e);

/* All referrers of a manifest, as oci/referrer.h lists them, appended to out, which has a
 * limit. ERR_NOT_FOUND: the registry does not have this API. */
int upstream_list_referrers(struct upstream *u, const struct reponame *name,
			    const struct digest *subject, int64_t deadline_ms,
			    struct buf *out, struct err *e);

#endif
