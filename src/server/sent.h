/*
 * sent.h - how much has gone into a TCP connection since it was made: what the kernel has
 * taken, sent or not. Any thread.
 */
#ifndef LARDER_SERVER_SENT_H
#define LARDER_SERVER_SENT_H

#include <stdbool.h>
#include <stdint.h>

/* False: the kernel does not say (before Linux 4.19), or it is no TCP socket. Of one that
 * the other end has reset, what was sent. */
bool sent_bytes(int fd, uint64_t *out);

#endif
