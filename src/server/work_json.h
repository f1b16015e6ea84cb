/*
 * work_json.h - a handler that answers with JSON, made on a thread that may wait for the
 * disk or for upstreams.
 */
#ifndef LARDER_SERVER_WORK_JSON_H
#define LARDER_SERVER_WORK_JSON_H

#include <microhttpd.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/work.h"

/* make(server, out, e) adds all of the answer to out, which has room for `most` bytes.
 * The handler's last call; it is the same each time that the request wakes up. */
enum MHD_Result work_json(struct works *ws, struct request *rq,
			  int (*make)(struct server *s, struct buf *out, struct err *e),
			  size_t most);

#endif
