/*
 * clients.h - the connections that clients hold open, so that those who send nothing, or
 * send it too slowly, do not hold them for ever.
 *
 * libmicrohttpd's own time-out starts again with every byte; this one does not: a
 * connection on which no request is under way must bring a whole header within a time.
 */
#ifndef LARDER_SERVER_CLIENTS_H
#define LARDER_SERVER_CLIENTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/bell.h"

#define CLIENTS_FIRST_MS 20000 /* from connecting to the end of the first header */
#define CLIENTS_NEXT_MS 75000  /* between requests, the next header included */
#define CLIENTS_BODY_MS 60000  /* without a byte of a body */

struct clients;
struct client;

struct clients *clients_new(void);
void clients_free(struct clients *cs); /* no client is left */
struct client *client_add(struct clients *cs, int fd);
void client_gone(struct clients *cs, struct client *c); /* before its fd is closed */
void client_busy(struct clients *cs,
		 struct client *c); /* a request's header is complete */
void client_idle(struct clients *cs, struct client *c); /* its answer has ended */
/* Some of a body has come, or the first of it is awaited; with `more` false, all has. Who
 * leaves in the middle, or goes silent, is noticed by this: libmicrohttpd may miss the
 * end of a connection that comes together with its last bytes. */
void client_body(struct client *c, bool more);
/* Its connection is suspended, and w waits, or is going to wait, on b. If the client goes
 * meanwhile, w is taken off the bell, *gone set, and w->wake called instead of by the
 * bell. All three stay valid until client_unpark, which is called first when the request
 * goes on. */
void client_park(struct clients *cs, struct client *c, struct bell *b, struct waiter *w,
		 atomic_bool *gone);
void client_unpark(struct clients *cs, struct client *c);

#endif
