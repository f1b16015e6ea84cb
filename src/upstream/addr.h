/*
 * addr.h - which network addresses a public registry has no business to send us to. Pure.
 */
#ifndef LARDER_UPSTREAM_ADDR_H
#define LARDER_UPSTREAM_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private (RFC 1918, RFC 4193), link-local (so cloud metadata), shared (RFC
 * 6598), unspecified, multicast and reserved; also when wrapped in IPv6 (mapped, NAT64,
 * 6to4). Families other than IPv4 and IPv6 count as private. */
bool addr_is_private(const struct sockaddr *sa);
/* The same for "192.0.2.1" or "2001:db8::1", as libcurl shows a peer; unreadable:
 * private. */
bool addr_text_is_private(const char *ip);

#endif
