/*
 * wellknown.h - registries that everybody knows by name. Pure.
 */
#ifndef LARDER_OCI_WELLKNOWN_H
#define LARDER_OCI_WELLKNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The i-th, canonical, and where it is reached; NULL: there is none. */
const char *wellknown_host(size_t i);
const char *wellknown_url(const char *host);
/* Is it one of these, or another name that one of them has or had? */
bool wellknown_is(struct view host);
/* Does this URL lead to the registry itself, and to no mirror of it? host: canonical. */
bool wellknown_own_url(const char *host, const char *url);

#endif
