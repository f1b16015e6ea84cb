/*
 * port.h - who listens on a TCP port of this machine. Linux's /proc is what is asked.
 */
#ifndef LARDER_DOCTOR_PORT_H
#define LARDER_DOCTOR_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct port_holder {
	bool taken; /* somebody listens there */
	int pid;    /* 0: not to be found out (another user's, or a container's) */
	char name[64];
};

/* Whoever listens on the port, at any address. */
void port_find(uint16_t port, struct port_holder *out);
/* Could larder listen there? 0, or *e with why not: errnum is EADDRINUSE, EACCES, ... */
int port_try(const char *host, uint16_t port, struct err *e);

#endif
