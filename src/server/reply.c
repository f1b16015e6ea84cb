/*
 * reply.c - answers.  The only place that knows which status an error kind is.
 */
#include "server/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/probe.h"
#include "server/server_impl.h"

#define HEADER_MAX 1024
#define BODY_MAX 8192
#define WARN_TEXT_MAX 900
#define BUSY_AFTER_S 5 /* where nobody knows for how long */
/* A wait that a client may as well sit out. */
#define SHORT_WAIT_S 10

void reply_header(struct MHD_Response *r, const char *name, const char *value)
{
	MHD_add_response_header(r, name, value);
}

void reply_headerf(struct MHD_Response *r, const char *name, const char *fmt, ...)
{
	char value[HEADER_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	MHD_add_response_header(r, name, value);
}

void reply_stale(struct MHD_Response *r, const struct request *rq, const char *why,
		 int64_t age_s)
{
	char ref[DIGEST_TEXT_MAX];

	reference_text(&rq->ref, ref);
	reply_header(r, "Warning", "110 - \"Response is Stale\"");
	reply_headerf(r, "Warning",
		      "299 - \"%s %s %s%s%s; this is the copy of %lld seconds ago\"",
		      rq->route.site->host, why, rq->route.remote.s,
		      rq->ref.is_digest ? "@" : ":", ref, (long long)age_s);
}

enum MHD_Result reply_send(struct request *rq, unsigned status, struct MHD_Response *r)
{
	const struct server_conf *conf = &rq->server->conf;
	enum MHD_Result rc;
	size_t i;

	reply_header(r, "Docker-Distribution-API-Version", "registry/2.0");
	if (rq->ns[0] != '\0' && rq->routed)
		reply_header(r, "OCI-Namespace", rq->ns);
	for (i = 0; i < conf->nheaders; i++)
		reply_header(r, conf->headers[i].name, conf->headers[i].value);
	rq->status = status;
	rc = MHD_queue_response(rq->conn, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result send_text(struct request *rq, unsigned status, const char *type,
				 struct view body, const char *instance)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);

	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", type);
	if (instance != NULL)
		reply_header(r, "Larder-Instance", instance);
	if (!rq->head)
		rq->bytes = body.n;
	return reply_send(rq, status, r);
}

enum MHD_Result reply_text(struct request *rq, unsigned status, const char *type,
			   struct view body)
{
	return send_text(rq, status, type, body, NULL);
}

enum MHD_Result reply_own(struct request *rq, unsigned status, const char *type,
			  struct view body)
{
	return send_text(rq, status, type, body, probe_instance(rq->server->probe));
}

void reply_warn(struct MHD_Response *r, const char *message)
{
	char text[WARN_TEXT_MAX];
	size_t n = 0;

	for (; *message != '\0' && n + 3 < sizeof(text); message++) {
		if (*message == '"' || *message == '\\')
			text[n++] = '\\';
		text[n++] = (unsigned char)*message < ' ' || *message == 127 ? '?'
									     : *message;
	}
	text[n] = '\0';
	reply_headerf(r, "Warning", "299 - \"%s\"", text);
}

/* An answer to HEAD has no body, so a refusal's message goes into a header. Not for 401
 * and 404, which clients ask for, unless it is about a date. */
static void say_without_body(const struct request *rq, struct MHD_Response *r,
			     unsigned status, const char *message)
{
	if (rq->is_asof || status >= MHD_HTTP_INTERNAL_SERVER_ERROR ||
	    status == MHD_HTTP_FORBIDDEN || status == MHD_HTTP_TOO_MANY_REQUESTS)
		reply_warn(r, message);
}

enum MHD_Result reply_oci_error_extra(struct request *rq, unsigned status,
				      enum ocierr_code code, const char *message,
				      const struct reply_extra *extra, size_t n)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(BODY_MAX);
	struct MHD_Response *r;
	size_t i;

	if (ocierr_body(&body, code, message, NULL) != 0)
		return MHD_NO;
	r = MHD_create_response_from_buffer(body.n, body.p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", "application/json");
	for (i = 0; i < n; i++)
		reply_header(r, extra[i].name, extra[i].value);
	if (rq->head)
		say_without_body(rq, r, status, message);
	else
		rq->bytes = body.n;
	return reply_send(rq, status, r);
}

enum MHD_Result reply_oci_error_with(struct request *rq, unsigned status,
				     enum ocierr_code code, const char *message,
				     const char *header, const char *value)
{
	const struct reply_extra extra = { header, value };

	return reply_oci_error_extra(rq, status, code, message, &extra, 1);
}

enum MHD_Result reply_oci_error(struct request *rq, unsigned status,
				enum ocierr_code code, const char *message)
{
	return reply_oci_error_extra(rq, status, code, message, NULL, 0);
}

enum MHD_Result reply_not_allowed(struct request *rq, const char *allow,
				  const char *message)
{
	return reply_oci_error_with(rq, MHD_HTTP_METHOD_NOT_ALLOWED, OCIERR_UNSUPPORTED,
				    message, "Allow", allow);
}

/*
 * What an upstream does not give now, and when to come back. The status decides how soon
 * clients fail and whether they show the message, so it is chosen here and nowhere else;
 * docs/refusals.md has what each client does.
 *
 * 429 makes podman, skopeo and buildah sleep up to a minute, many times over, and say
 * nothing meanwhile, which is worth it when the wait is short. 403 every client takes as
 * the last word, and shows the message. Of 5xx, containerd and BuildKit repeat 500, 503
 * and 504 at their last host, and not 502.
 */
static enum MHD_Result reply_refusal(struct request *rq, const struct err *e)
{
	bool busy = e->kind == ERR_BUSY;
	int after_s = e->retry_after_s > 0 ? e->retry_after_s : busy ? BUSY_AFTER_S : 0;
	enum ocierr_code code = busy ? OCIERR_TOOMANYREQUESTS : OCIERR_UNAVAILABLE;
	unsigned status = !busy			   ? MHD_HTTP_BAD_GATEWAY
			  : after_s > SHORT_WAIT_S ? MHD_HTTP_FORBIDDEN
						   : MHD_HTTP_TOO_MANY_REQUESTS;
	char seconds[16];

	if (after_s == 0)
		return reply_oci_error(rq, status, code, e->msg);
	snprintf(seconds, sizeof(seconds), "%d", after_s);
	return reply_oci_error_with(rq, status, code, e->msg, "Retry-After", seconds);
}

enum MHD_Result reply_err(struct request *rq, const struct err *e,
			  enum ocierr_code unknown, enum ocierr_code invalid)
{
	switch (e->kind) {
	case ERR_INVALID:
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, invalid, e->msg);
	case ERR_NOT_FOUND:
		return reply_oci_error(rq, MHD_HTTP_NOT_FOUND, unknown, e->msg);
	case ERR_DENIED:
		return reply_oci_error(rq, MHD_HTTP_FORBIDDEN, OCIERR_DENIED, e->msg);
	case ERR_BUSY:
	case ERR_UPSTREAM:
		return reply_refusal(rq, e);
	case ERR_CORRUPT:
	case ERR_LIMIT:
		return reply_oci_error(rq, MHD_HTTP_BAD_GATEWAY, OCIERR_UNAVAILABLE,
				       e->msg);
	case ERR_CANCELLED:
		return reply_oci_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
				       OCIERR_UNAVAILABLE, e->msg);
	default:
		return reply_oci_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, OCIERR_UNKNOWN,
				       e->msg);
	}
}

enum MHD_Result reply_push_err(struct request *rq, const struct err *e,
			       enum ocierr_code unknown, enum ocierr_code invalid)
{
	switch (e->kind) {
	case ERR_CORRUPT:
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_DIGEST_INVALID,
				       e->msg);
	case ERR_LIMIT:
		return reply_oci_error(rq, MHD_HTTP_CONTENT_TOO_LARGE,
				       OCIERR_SIZE_INVALID, e->msg);
	case ERR_BUSY:
		return reply_oci_error(rq, MHD_HTTP_CONFLICT, OCIERR_BLOB_UPLOAD_INVALID,
				       e->msg);
	case ERR_NO_SPACE:
		return reply_oci_error(rq, MHD_HTTP_INSUFFICIENT_STORAGE, OCIERR_UNKNOWN,
				       e->msg);
	case ERR_DENIED: /* by our own disk: no business of the client's */
	case ERR_IO:
		return reply_oci_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, OCIERR_UNKNOWN,
				       e->msg);
	default:
		return reply_err(rq, e, unknown, invalid);
	}
}
