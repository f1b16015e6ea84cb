/*
 * transport.h - one HTTP request and its answer, no more: no redirect is followed,
 * nothing is tried again.
 *
 * HTTP/1.1 on purpose: there a body's length or its chunks say where it ends, and libcurl
 * reports one that was cut; a pool thread has one request at a time, so multiplexing
 * would bring nothing. No content encoding is asked for: the bytes are hashed as they
 * come. Proxies are as proxy.h says.
 */
#ifndef LARDER_UPSTREAM_TRANSPORT_H
#define LARDER_UPSTREAM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "upstream/url.h"

#define TRANSPORT_HEADER_BYTES                                                           \
	65536			/* all header lines of an answer, ERR_LIMIT above        \
				 */
#define TRANSPORT_MAX_HEADERS 8 /* of a request */

/* How long things may take; 0 in a settings structure becomes a default before it is
 * here. */
struct transport_limits {
	int connect_ms; /* name, connection, TLS, proxy; several addresses share it */
	int header_ms;	/* request sent to the end of the answer's header */
	int stall_ms;	/* no byte of the body for so long, of either */
	int slow_ms;	/* an answer's body is to bring UPSTREAM_LEAST_BYTES a second
			   over every such span; 0: it may be as slow as it likes */
};

struct transport_answer {
	int status;	    /* 0 until the header has ended */
	struct buf headers; /* of the final answer, a line each */
	char outcome[12];   /* "200", or what failed in a word, as metrics have it */
	uint64_t body_bytes;
	int64_t took_ms;
	bool proxied;	   /* went through a proxy */
	bool peer_private; /* the peer's address is private; says nothing if proxied */
};

/* A request's body as it goes out, on the calling thread. */
struct transport_body {
	int64_t size; /* -1: not known; it then goes in chunks */
	/* Some bytes into p, at most room of them; *n = 0: that was all. -1 ends the call
	 * with *e as filled. */
	int (*read)(void *arg, char *p, size_t room, size_t *n, struct err *e);
	/* Begin again, before the first byte and whenever what was sent is lost (a kept
	 * connection had died, a redirect, a new token). */
	int (*rewind)(void *arg, struct err *e);
	void *arg;
};

struct transport_request {
	const char *method;
	const char *url;
	struct url at;				   /* url, parsed */
	const char *header[TRANSPORT_MAX_HEADERS]; /* "Name: value", NULL: no more */
	const char *form;			   /* body of a POST, else NULL */
	const struct transport_body *body;	   /* of any method, else NULL */
	const char *unix_path; /* connect to this socket, whatever at says; or NULL */
	const char *cert_file, *key_file; /* to show to the server over TLS; or NULL */
	struct view ca; /* PEM of all trusted authorities; empty: the system's */
	struct transport_limits limits;
	int64_t deadline_ms; /* monotonic, for all of it; 0: none */
	bool direct;	     /* past the proxies that the environment names */
	bool public_only;    /* not to a private address (see addr.h), unless by proxy */
	size_t buffer_bytes; /* receive buffer and largest piece; 0: libcurl's defaults */
	/* On this thread; negative ends the call with *e as filled, positive ends it with
	 * success and leaves the rest unread. head: once, the final header is complete.
	 * data: never with a response to HEAD. */
	int (*head)(void *arg, struct transport_answer *a, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

void transport_answer_init(struct transport_answer *a);
void transport_answer_done(struct transport_answer *a);
/* The value of the nth (from 0) header line of that name, any case; empty if there is
 * none. */
struct view transport_header(const struct transport_answer *a, const char *name,
			     unsigned nth);
/* Content-Length as a number; -1 if absent or no number. */
int64_t transport_length(const struct transport_answer *a);

/* 0: an answer of any status came, whole (or as far as a callback wanted). ERR_UPSTREAM:
 * it did not; the message names the cause but not the URL. a is initialised and reset
 * here. */
int transport_run(const struct transport_request *req, struct transport_answer *a,
		  struct err *e);

#endif
