/*
 * auth.c - everybody may do everything.
 */
#include "server/auth.h"

#include "server/reply.h"

enum auth_answer auth_request(struct request *rq, enum auth_action action,
			      const char *name)
{
	return AUTH_ALLOWED;
}

enum MHD_Result auth_refuse(struct request *rq)
{
	return reply_oci_error(rq, MHD_HTTP_FORBIDDEN, OCIERR_DENIED, "not allowed");
}

bool auth_may(struct request *rq, enum auth_action action, const char *name)
{
	return true;
}
