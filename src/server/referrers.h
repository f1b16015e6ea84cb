/*
 * referrers.h - /v2/<name>/referrers/<digest>
 */
#ifndef LARDER_SERVER_REFERRERS_H
#define LARDER_SERVER_REFERRERS_H

#include <microhttpd.h>

#include "server/request.h"

enum MHD_Result referrers_handle(struct request *rq);

#endif
