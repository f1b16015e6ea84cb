/*
 * reply.h - sending answers: headers all answers have, errors in the specification's
 * form, and the one table from error kinds to HTTP statuses.
 *
 * Each call queues one answer and returns what libmicrohttpd's handler returns.
 */
#ifndef LARDER_SERVER_REPLY_H
#define LARDER_SERVER_REPLY_H

#include <microhttpd.h>

#include "base/err.h"
#include "oci/ocierr.h"
#include "server/request.h"

void reply_header(struct MHD_Response *r, const char *name, const char *value);
__attribute__((format(printf, 3, 4))) void reply_headerf(struct MHD_Response *r,
							 const char *name,
							 const char *fmt, ...);

/* What is answered is an old copy: said to HTTP caches, and to OCI clients, which show
 * code 299. */
void reply_stale(struct MHD_Response *r, const struct request *rq, const char *why,
		 int64_t age_s);
/* What people should know, in a header that OCI clients show, and who uses curl sees. */
void reply_warn(struct MHD_Response *r, const char *message);
/* Queue a finished response (and let go of it) with the headers that all answers have. */
enum MHD_Result reply_send(struct request *rq, unsigned status, struct MHD_Response *r);
/* A short text; copied. */
enum MHD_Result reply_text(struct request *rq, unsigned status, const char *type,
			   struct view body);
/* The same, with the header that says which larder process this is (probe.h). */
enum MHD_Result reply_own(struct request *rq, unsigned status, const char *type,
			  struct view body);
/* {"errors":[...]}. */
enum MHD_Result reply_oci_error(struct request *rq, unsigned status,
				enum ocierr_code code, const char *message);
/* The same with one more header. */
enum MHD_Result reply_oci_error_with(struct request *rq, unsigned status,
				     enum ocierr_code code, const char *message,
				     const char *header, const char *value);
struct reply_extra {
	const char *name, *value;
};
enum MHD_Result reply_oci_error_extra(struct request *rq, unsigned status,
				      enum ocierr_code code, const char *message,
				      const struct reply_extra *extra, size_t n);
/* From an error value; `unknown` and `invalid` are the codes for NOT_FOUND and INVALID.
 */
enum MHD_Result reply_err(struct request *rq, const struct err *e,
			  enum ocierr_code unknown, enum ocierr_code invalid);
/* The same where the client sends and we store: what does not match its digest, is too
 * large, or is in use by another request, is the client's to mend. */
enum MHD_Result reply_push_err(struct request *rq, const struct err *e,
			       enum ocierr_code unknown, enum ocierr_code invalid);
enum MHD_Result reply_not_allowed(struct request *rq, const char *allow,
				  const char *message);

#endif
