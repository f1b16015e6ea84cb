/*
 * door.h - connections to a listening socket that others hold, too.
 *
 * A socket that a service manager passed on stays open there, and with it every epoll set
 * that the socket was put into: libmicrohttpd could not be made to let go of it
 * (server/listen.h). So a thread of ours accepts, and hands over what it has accepted.
 */
#ifndef LARDER_SERVER_DOOR_H
#define LARDER_SERVER_DOOR_H

#include <microhttpd.h>

#include "base/err.h"

struct door;

/* From now on who connects to fd, about limit at once, is a client of daemon, which is
 * borrowed, and each of whose threads has room for limit. fd is owned, also on
 * failure. */
int door_open(int fd, unsigned limit, struct MHD_Daemon *daemon, struct door **out,
	      struct err *e);
/* No more are accepted: who connects waits for whoever else has the socket. NULL is
 * fine. */
void door_close(struct door *d);

#endif
