/*
 * moves.h - GET /larder/v1/history: where a repository's tags have been (docs/api.md).
 */
#ifndef LARDER_SERVER_MOVES_H
#define LARDER_SERVER_MOVES_H

#include <microhttpd.h>

#include "server/request.h"

enum MHD_Result moves_handle(struct request *rq);

#endif
