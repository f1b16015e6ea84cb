/*
 * plain.h - one GET or POST of a path that is no part of the registry API, of a server
 * that is a larder: its own API, its health.
 */
#ifndef LARDER_UPSTREAM_PLAIN_H
#define LARDER_UPSTREAM_PLAIN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "upstream/transport.h"
#include "upstream/upstream.h"

#define PLAIN_MAX_BYTES (4u << 20) /* of a body */
#define PLAIN_NEXT_MAX 2048

struct plain {
	struct buf body;
	struct transport_answer head; /* its headers: transport_header() */
	char next[PLAIN_NEXT_MAX];    /* path of the next page, as Link says; "" : none */
};

/* path: from "/" on, with its query. The dance for credentials as for a registry; nothing
 * is tried again. Blocks. Errors as upstream.h has them; any status but 200 is one. On
 * success plain_done releases. */
int plain_get(struct upstream *u, const char *path, int64_t deadline_ms,
	      struct plain *out, struct err *e);
/* The same with POST, and no body. */
int plain_post(struct upstream *u, const char *path, int64_t deadline_ms,
	       struct plain *out, struct err *e);
void plain_done(struct plain *p);

#endif
