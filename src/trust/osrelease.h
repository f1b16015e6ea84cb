/*
 * osrelease.h - os-release(5) and Debian's debian_version. Pure.
 */
#ifndef LARDER_TRUST_OSRELEASE_H
#define LARDER_TRUST_OSRELEASE_H

#include "base/buf.h"
#include "trust/contents.h"

/* What is said is set in *out, the rest left; values are cut to their room, control
 * characters become "?". */
void osrelease_read(struct view text, struct contents_os *out);
void osrelease_debian(struct view text, struct contents_os *out);

#endif
