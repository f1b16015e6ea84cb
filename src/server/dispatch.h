/*
 * dispatch.h - which handler answers a request, and what all must pass before one does.
 */
#ifndef LARDER_SERVER_DISPATCH_H
#define LARDER_SERVER_DISPATCH_H

#include <microhttpd.h>

#include "server/intake.h"
#include "server/request.h"

/* The header of a request with a body has been read: is the body wanted? */
enum intake_verdict dispatch_begin(struct request *rq);
/* Answer it, or park it and be called again. */
enum MHD_Result dispatch_request(struct request *rq);

#endif
