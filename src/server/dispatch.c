/*
 * dispatch.c - from a request's header to its handler. No state of its own.
 */
#include "server/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "oci/asof.h"
#include "server/auth.h"
#include "server/check.h"
#include "server/changes.h"
#include "server/images.h"
#include "server/moves.h"
#include "server/probe.h"
#include "server/referrers.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/status.h"
#include "server/tls.h"
#include "server/uploads.h"

/* Name, reference and upstream of a /v2/ request; answered here when they are wrong. */
static int find_route(struct request *rq, enum ocierr_code *code, struct err *e)
{
	const char *ns = request_arg(rq, "ns");
	struct reponame name;
	struct plan *plan;
	int rc;

	*code = OCIERR_NAME_INVALID;
	if (reponame_parse(rq->name_text, &rq->name, e) != 0)
		return -1;
	name = rq->name;
	rq->is_asof = asof_is(name.s);
	if (rq->is_asof &&
	    asof_split(&rq->name, clock_wall_ms(), &name, &rq->asof_ms, e) != 0)
		return -1;
	if (rq->kind == REQUEST_MANIFEST || rq->kind == REQUEST_BLOB ||
	    rq->kind == REQUEST_REFERRERS) {
		bool tags = rq->kind == REQUEST_MANIFEST;

		rc = reference_parse(rq->ref_text, &rq->ref, e);
		*code = !tags || memchr(rq->ref_text.p, ':', rq->ref_text.n)
				? OCIERR_DIGEST_INVALID
				: OCIERR_TAG_INVALID;
		if (rc == 0 && !tags && !rq->ref.is_digest)
			rc = err_set(e, ERR_INVALID, "%s are asked by digest, not '%s'",
				     rq->kind == REQUEST_BLOB ? "blobs" : "referrers",
				     rq->ref.tag);
		if (rc != 0)
			return -1;
	}
	*code = OCIERR_NAME_INVALID;
	if (ns != NULL && registry_host_parse(view_of(ns), rq->ns, e) != 0) {
		rq->ns[0] = '\0';
		return -1;
	}
	plan = mirror_plan(rq->server->mirror);
	rc = route_find(plan, &name, ns ? rq->ns : NULL, &rq->route, e);
	plan_unref(plan);
	rq->routed = rc == 0;
	return rc;
}

/* What the request wants to do, for auth.h. */
static enum auth_action action_of(const struct request *rq)
{
	if (rq->get || rq->head)
		return AUTH_PULL;
	if (rq->method == METHOD_DELETE && rq->kind != REQUEST_UPLOAD)
		return AUTH_DELETE;
	return AUTH_PUSH;
}

/* Why nothing may be changed here, as a 405's text; false: it may. */
static bool is_fixed(const struct request *rq, struct err *e)
{
	const struct server_conf *conf = &rq->server->conf;

	if (rq->get || rq->head)
		return false;
	if (rq->is_asof)
		err_set(e, ERR_INVALID,
			"%s is what was, and cannot be changed; without the date it is "
			"%s",
			rq->name.s, strchr(rq->name.s, '/') + 1);
	else if (rq->route.site != NULL)
		err_set(e, ERR_INVALID,
			"%s is mirrored from %s and cannot be changed here; for a "
			"repository of your own, add its name or a pattern to "
			"larder.local (LARDER_LOCAL=%s)",
			rq->name.s, rq->route.site->host, rq->route.name.s);
	else if (conf->readonly)
		err_set(e, ERR_INVALID,
			"this registry is read-only "
			"(storage.maintenance.readonly.enabled)");
	else if (action_of(rq) == AUTH_DELETE && !conf->deletes)
		err_set(e, ERR_INVALID,
			"deleting is off; storage.delete.enabled "
			"(REGISTRY_STORAGE_DELETE_ENABLED=true) turns it on");
	else
		return false;
	return true;
}

static enum MHD_Result handle_kind(struct request *rq)
{
	switch (rq->kind) {
	case REQUEST_MANIFEST:
		if (rq->method == METHOD_PUT || rq->method == METHOD_DELETE)
			return changes_manifest(rq);
		return manifests_handle(rq);
	case REQUEST_BLOB:
		return rq->method == METHOD_DELETE ? changes_blob(rq) : blobs_handle(rq);
	case REQUEST_TAGS:
		return lists_tags(rq);
	case REQUEST_REFERRERS:
		return referrers_handle(rq);
	default:
		return uploads_handle(rq);
	}
}

/* Who may do nothing at all here is not told which names and upstreams there are. */
static enum auth_answer ask_auth(struct request *rq, enum ocierr_code *code,
				 struct err *e)
{
	enum auth_answer answer = auth_request(rq, AUTH_ANY, NULL);

	e->kind = ERR_NONE;
	if (answer != AUTH_ALLOWED)
		return answer;
	if (!rq->routed && find_route(rq, code, e) != 0)
		return AUTH_ALLOWED;
	return auth_request(rq, action_of(rq), rq->route.name.s);
}

static enum MHD_Result handle_v2(struct request *rq)
{
	enum ocierr_code code;
	struct err e;

	switch (ask_auth(rq, &code, &e)) {
	case AUTH_ALLOWED:
		break;
	case AUTH_WAIT:
		return MHD_YES;
	default:
		return auth_refuse(rq);
	}
	if (e.kind != ERR_NONE)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, code);
	if (is_fixed(rq, &e))
		return reply_not_allowed(rq, "GET, HEAD", e.msg);
	if (probe_is(rq))
		return probe_handle(rq);
	return handle_kind(rq);
}

enum intake_verdict dispatch_begin(struct request *rq)
{
	enum ocierr_code code;
	struct err e;

	if (rq->bad_uri || atomic_load(&rq->server->stopping) ||
	    !tls_client_ok(rq->server->tls, rq->conn))
		return INTAKE_REFUSE;
	switch (ask_auth(rq, &code, &e)) {
	case AUTH_ALLOWED:
		break;
	case AUTH_WAIT:
		return INTAKE_WAIT;
	default:
		return INTAKE_REFUSE;
	}
	if (e.kind != ERR_NONE || is_fixed(rq, &e))
		return INTAKE_REFUSE;
	return rq->kind == REQUEST_MANIFEST ? changes_begin(rq) : uploads_begin(rq);
}

static enum MHD_Result handle_ping(struct request *rq)
{
	enum MHD_Result answer;

	if (!auth_passes(rq, AUTH_ENTER, NULL, &answer))
		return answer;
	if (!rq->get && !rq->head)
		return reply_not_allowed(rq, "GET, HEAD", "/v2/ can only be read");
	return reply_own(rq, MHD_HTTP_OK, "application/json", VIEW("{}"));
}

enum MHD_Result dispatch_request(struct request *rq)
{
	if (rq->bad_uri)
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_NAME_INVALID,
				       "the path holds a NUL byte");
	if (rq->unclear)
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_UNSUPPORTED,
				       "the header does not say clearly where the "
				       "request ends");
	if (atomic_load(&rq->server->stopping))
		return reply_oci_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
				       OCIERR_UNAVAILABLE, "this larder is stopping");
	if (!tls_client_ok(rq->server->tls, rq->conn))
		return reply_oci_error(
			rq, MHD_HTTP_FORBIDDEN, OCIERR_DENIED,
			"a client certificate of one of http.tls.clientcas "
			"is needed");
	switch (rq->kind) {
	case REQUEST_TOKEN:
		return auth_token(rq);
	case REQUEST_PING:
		return handle_ping(rq);
	case REQUEST_CATALOG:
		return lists_catalog(rq);
	case REQUEST_HEALTH:
		return admin_health(rq);
	case REQUEST_READY:
		return admin_ready(rq);
	case REQUEST_METRICS:
		return admin_metrics(rq);
	case REQUEST_IMAGES:
		return images_handle(rq);
	case REQUEST_STATUS:
		return status_handle(rq);
	case REQUEST_CHECK:
		return check_handle(rq);
	case REQUEST_HISTORY:
		return moves_handle(rq);
	case REQUEST_OTHER:
		return reply_oci_error(
			rq, MHD_HTTP_NOT_FOUND, OCIERR_UNSUPPORTED,
			"there is nothing at this path; the registry API begins "
			"at /v2/");
	default:
		return handle_v2(rq);
	}
}
