/*
 * auth.h - who asks, and whether they may.
 */
#ifndef LARDER_SERVER_AUTH_H
#define LARDER_SERVER_AUTH_H

#include <microhttpd.h>
#include <stdbool.h>

#include "server/request.h"

enum auth_action {
	AUTH_ENTER /* GET /v2/ */,
	AUTH_PULL,
	AUTH_PUSH,
	AUTH_DELETE,
	AUTH_LIST /* the catalog */
};
enum auth_answer { AUTH_ALLOWED, AUTH_WAIT, AUTH_REFUSED };

/* May this request do that to the repository of this name (as in the store; NULL where
 * there is none)? AUTH_WAIT: the request is parked, call again from the top.
 * AUTH_REFUSED: answer with auth_refuse. The answer is remembered in the request. */
enum auth_answer auth_request(struct request *rq, enum auth_action action,
			      const char *name);
enum MHD_Result auth_refuse(struct request *rq);
/* After auth_request has allowed something: may the same user do that as well? */
bool auth_may(struct request *rq, enum auth_action action, const char *name);

#endif
