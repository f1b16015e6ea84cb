/*
 * park.h - requests that wait without a thread.
 *
 * From a handler or a content reader only, which is called again when the bell has rung,
 * or when the client has left.
 */
#ifndef LARDER_SERVER_PARK_H
#define LARDER_SERVER_PARK_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "server/request.h"

/* Suspend the connection until the bell has rung since `seen`. */
void park_suspend(struct request *rq, struct bell *b, uint64_t seen);
/* Called again? Then it is parked no more. False: its client has left meanwhile. */
bool park_resumed(struct request *rq);
/* The visit waits: suspend until its bell rings. */
enum MHD_Result park_visit(struct request *rq);

#endif
