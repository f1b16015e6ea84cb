/*
 * proxy.h - which proxy the environment names for a URL.
 *
 * https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY, and no_proxy or
 * NO_PROXY: "*", names that cover their subdomains, addresses and CIDR blocks. As libcurl
 * does it, and HTTP_PROXY besides (libcurl leaves it out for the sake of CGI programs,
 * which this is not). It is decided here, because the check of redirect targets has to
 * know whether the address that is dialled is the target's or a proxy's.
 */
#ifndef LARDER_UPSTREAM_PROXY_H
#define LARDER_UPSTREAM_PROXY_H

#include <stdbool.h>

#include "upstream/url.h"

/* The proxy's URL (the environment's string), or NULL: go there directly. */
const char *proxy_for(const struct url *u);
/* Does a no_proxy list cover the host? Pure. */
bool proxy_skipped(const char *list, const char *host);

#endif
