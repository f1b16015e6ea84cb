/*
 * uploads.h - /v2/<name>/blobs/uploads/...
 */
#ifndef LARDER_SERVER_UPLOADS_H
#define LARDER_SERVER_UPLOADS_H

#include <microhttpd.h>

#include "server/intake.h"
#include "server/request.h"

/* The header of a request with a body has been read: where do the bytes go? */
enum intake_verdict uploads_begin(struct request *rq);
enum MHD_Result uploads_handle(struct request *rq);

#endif
