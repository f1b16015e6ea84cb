/*
 * status.h - GET /larder/v1/status: how this larder fares, as JSON (docs/api.md).
 */
#ifndef LARDER_SERVER_STATUS_H
#define LARDER_SERVER_STATUS_H

#include <microhttpd.h>

#include "server/request.h"

enum MHD_Result status_handle(struct request *rq);

#endif
