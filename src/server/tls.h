/*
 * tls.h - the server's certificate, and the authorities of its clients (GnuTLS, sole
 * user beside libmicrohttpd).
 *
 * The files are looked at again at a handshake some seconds after the last look, so that
 * a renewed certificate is used without a restart; a broken new pair changes nothing and
 * is logged.
 */
#ifndef LARDER_SERVER_TLS_H
#define LARDER_SERVER_TLS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct tls;

struct tls_conf {
	const char *certificate, *key; /* paths, PEM; the certificate with its chain */
	const char *const
		*client_cas; /* paths; clients must have a certificate of theirs */
	size_t nclient_cas;
	const char *minimum; /* "tls1.0" to "tls1.3"; NULL: tls1.2 */
};

/* Errors name the file. */
int tls_new(const struct tls_conf *conf, struct tls **out, struct err *e);
void tls_free(struct tls *t); /* after the daemon has been stopped; NULL is fine */

/* What libmicrohttpd's options want: the text of priorities, of the client authorities
 * (NULL: none), and the certificate callback with its single instance of tls. */
const char *tls_priorities(const struct tls *t);
const char *tls_trust(const struct tls *t);
void *tls_callback(struct tls *t);

/* Has this connection's client the certificate it must have? */
bool tls_client_ok(const struct tls *t, struct MHD_Connection *conn);

#endif
