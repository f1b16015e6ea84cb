/*
 * systemd.h - being a service of systemd, or of anything else that speaks its two small
 * protocols: sockets that are passed (sd_listen_fds(3)), and words about the state
 * (sd_notify(3)). Main thread only, and where there is no such manager all of it does
 * nothing.
 */
#ifndef LARDER_APP_SYSTEMD_H
#define LARDER_APP_SYSTEMD_H

#include "base/err.h"

/* Reads the variables of both protocols, and takes them out of the environment, so that
 * no other program that is started takes them for its own. Before any thread. *fd is the
 * socket that was passed, or 0. ERR_INVALID: several were. */
int systemd_begin(int *fd, struct err *e);

/* The daemon serves; it reads its settings again (and serves after that); it ends. */
void systemd_ready(void);
void systemd_reloading(void);
void systemd_stopping(void);

#endif
