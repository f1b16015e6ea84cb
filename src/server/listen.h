/*
 * listen.h - a listening TCP socket.
 */
#ifndef LARDER_SERVER_LISTEN_H
#define LARDER_SERVER_LISTEN_H

#include <stdint.h>

#include "base/err.h"

/* host NULL: all addresses, IPv6 and IPv4. The descriptor, with the port in *port (which
 * the kernel chose if it was 0). ERR_BUSY: in use; ERR_DENIED: a port that needs
 * privileges; ERR_INVALID: host is no address of this machine. */
int listen_open(const char *host, uint16_t *port, struct err *e);

/* A descriptor from elsewhere, made fit for use: its port in *port. ERR_INVALID: it is no
 * listening TCP socket. */
int listen_adopt(int fd, uint16_t *port, struct err *e);

/* A listening socket that nobody can reach, for a library that wants one. */
int listen_nowhere(struct err *e);

/* From now on fd takes no connection: its port is free, who comes is refused. The
 * descriptor itself stays open, for the library that polls it, as a socket that nobody
 * can reach. Any thread, also while others accept from fd. Without descriptors or memory
 * for that it only fails: -1 and *e. */
int listen_stop(int fd, struct err *e);

#endif
