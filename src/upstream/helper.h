/*
 * helper.h - programs that keep credentials: `docker-credential-<name> get`, with the
 * server on standard input and {"Username":…,"Secret":…} on standard output.
 */
#ifndef LARDER_UPSTREAM_HELPER_H
#define LARDER_UPSTREAM_HELPER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define HELPER_MAX_OUTPUT 65536
#define HELPER_LIMIT_MS 10000

bool helper_name_ok(const char *name); /* [A-Za-z0-9._-]+, at most 64 */
/* Runs it (found in PATH) and waits. out: what it printed; *status: its exit status. It
 * and its children are killed after HELPER_LIMIT_MS and on gate_stop. Its standard error
 * goes nowhere. */
int helper_get(const char *name, const char *server, struct buf *out, int *status,
	       struct err *e);

#endif
