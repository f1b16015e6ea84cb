/*
 * server.h - the HTTP side: listening, serving, draining.
 */
#ifndef LARDER_SERVER_SERVER_H
#define LARDER_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/mirror.h"
#include "store/store.h"

struct gate; /* trust/gate.h */
struct rule; /* oci/rules.h */
struct server;

struct server_header {
	char *name, *value;
};

struct server_conf {
	const char *host; /* name or address; NULL: all of IPv6 and IPv4 */
	uint16_t port;	  /* 0: the kernel chooses; see server_port */
	int socket; /* >0: a listening socket that was passed, owned from here on; host
		       and port do not count */
	unsigned threads; /* at least 1 */
	unsigned connections;
	const char *htpasswd, *realm; /* see server/auth.h; NULL: no users */
	const struct rule *rules;
	size_t nrules;
	const char *tls_certificate, *tls_key, *tls_minimum; /* NULL: plain HTTP */
	const char *const *tls_client_cas;
	size_t ntls_client_cas;
	bool readonly;		   /* nothing may be pushed or deleted */
	bool deletes;		   /* manifests, tags and blobs may be deleted */
	bool sparse_indexes;	   /* an index may name manifests that are not here */
	int64_t upload_age_ms;	   /* uploads at rest for so long are removed; 0: never */
	int64_t purge_interval_ms; /* how often they are looked for */
	struct gate *gate;	   /* borrowed; which manifests are given out */
	struct server_header *headers; /* on every answer; copied */
	size_t nheaders;
};

/* Listens and serves from now on. store and mirror are borrowed and outlive the server.
 * ERR_BUSY: the address is in use; the message says what to do. ERR_INVALID: socket is no
 * listening TCP socket. */
int server_start(const struct server_conf *conf, struct store *s, struct mirror *m,
		 struct server **out, struct err *e);
uint16_t server_port(const struct server *s);

/* No new connections (those to a socket that was passed wait in its queue, for who has
 * it next); waits until no request is under way, at most so long. True: none
 * is. */
bool server_drain(struct server *s, int64_t timeout_ms);
/* Ends what is left. mirror_cancel has been called before, so that parked requests end.
 */
void server_stop(struct server *s);

#endif
