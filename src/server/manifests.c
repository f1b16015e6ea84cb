/*
 * manifests.c - GET and HEAD /v2/<name>/manifests/<reference>
 * (OCI distribution-spec "Pulling manifests").
 */
#include "server/agent.h"
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"

#include "base/mem.h"
#include "mirror/ask_asof.h"
#include "store/usage.h"
#include "trust/gate.h"

static void release_stored(void *arg)
{
	stored_unref(arg);
}

static void mark(struct MHD_Response *r, const struct request *rq,
		 const struct found_manifest *found)
{
	if (found->age_s >= 0)
		reply_headerf(r, "Age", "%lld", (long long)found->age_s);
	if (!found->stale)
		return;
	reply_stale(r, rq, found->gone ? "does not have" : "could not be asked about",
		    found->age_s);
}

/* A HEAD by tag counts: a pull of what the client has already ends there. */
static void note_use(struct request *rq, const struct digest *d)
{
	struct reference was = { .is_digest = true, .digest = *d };

	if (rq->get || !rq->ref.is_digest)
		usage_note(rq->server->usage, &rq->route.name,
			   rq->is_asof ? &was : &rq->ref);
}

static enum MHD_Result answer(struct request *rq, const struct found_manifest *found,
			      const struct gate_say *say)
{
	char digest[DIGEST_TEXT_MAX];
	struct stored *m = found->m;
	struct MHD_Response *r;
	bool same;

	note_use(rq, &m->digest);
	digest_text(&m->digest, digest);
	same = request_none_match(rq, digest);
	if (same) {
		stored_unref(m);
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	} else {
		r = MHD_create_response_from_buffer_with_free_callback_cls(
			m->n, m->body, release_stored, m);
	}
	if (r == NULL)
		return MHD_NO;
	if (!same) {
		reply_header(r, "Content-Type", m->media_type);
		if (!rq->head)
			rq->bytes = m->n;
	}
	reply_header(r, "Docker-Content-Digest", digest);
	reply_headerf(r, "ETag", "\"%s\"", digest);
	mark(r, rq, found);
	if (say->warn)
		reply_warn(r, say->why);
	return reply_send(rq, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
}

static enum answer ask(struct request *rq, struct found_manifest *out, struct err *e)
{
	struct mirror *m = rq->server->mirror;

	if (!rq->ref.is_digest)
		agent_platform(request_header(rq, "User-Agent"), &rq->visit.wanted);
	return rq->is_asof ? ask_asof(m, &rq->route, &rq->ref, rq->asof_ms, &rq->visit,
				      out, e)
			   : ask_manifest(m, &rq->route, &rq->ref, &rq->visit, out, e);
}

/* Is it given out? The manifest is found again each time: it is here. */
static enum MHD_Result pass_gate(struct request *rq, const struct found_manifest *found)
{
	struct gate_say say;
	struct bell *bell;
	uint64_t seen;
	struct err e;

	switch (gate_ask(rq->server->conf.gate, &rq->route, &rq->ref, found->m,
			 rq->user.name, &rq->pass, &say, &e)) {
	case ANSWER_READY:
		return answer(rq, found, &say);
	case ANSWER_WAIT:
		stored_unref(found->m);
		bell = gate_pass_bell(rq->pass, &seen);
		park_suspend(rq, bell, seen);
		return MHD_YES;
	default:
		stored_unref(found->m);
		return reply_err(rq, &e, OCIERR_MANIFEST_UNKNOWN,
				 OCIERR_MANIFEST_INVALID);
	}
}

enum MHD_Result manifests_handle(struct request *rq)
{
	struct found_manifest found;
	struct err e;

	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD, PUT, DELETE",
					 "a manifest is read, put or deleted");
	switch (ask(rq, &found, &e)) {
	case ANSWER_READY:
		return pass_gate(rq, &found);
	case ANSWER_WAIT:
		return park_visit(rq);
	default:
		return reply_err(rq, &e, OCIERR_MANIFEST_UNKNOWN,
				 OCIERR_MANIFEST_INVALID);
	}
}
