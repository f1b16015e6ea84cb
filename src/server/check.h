/*
 * check.h - POST /larder/v1/check: what is left of pull quotas, asked now (docs/api.md).
 */
#ifndef LARDER_SERVER_CHECK_H
#define LARDER_SERVER_CHECK_H

#include <microhttpd.h>

#include "server/request.h"

#define CHECK_KEEP_MS 10000 /* who asks within this gets the same answer again */

struct checks;

struct checks *checks_new(void);
void checks_free(struct checks *c); /* waits for what is under way; NULL is fine */

enum MHD_Result check_handle(struct request *rq);

#endif
