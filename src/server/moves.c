/*
 * moves.c - a page of a repository's history, tag by tag. It reads a file a tag and the
 * manifests that those name, so another thread makes it.
 */
#include "server/moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/past_json.h"
#include "oci/asof.h"
#include "server/auth.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work.h"

#define PAGE_BYTES                                                                       \
	(1u << 20) /* the next tag comes on the next page; one has at most ... */
#define TAG_BYTES (HISTORY_MAX_MOVES * 1024u)

struct job {
	struct past_ask ask; /* borrows what follows */
	struct route route;
	char tag[TAG_MAX_BYTES + 1], last[TAG_MAX_BYTES + 1];
	char at[TAG_MAX_BYTES + 1]; /* the tag whose rows are being added */
	struct buf json;
	bool more;
};

static void job_free(void *arg)
{
	struct job *j = arg;

	route_done(&j->route);
	buf_done(&j->json);
	free(j);
}

static int take_row(void *arg, const struct past_row *r, struct err *e)
{
	struct job *j = arg;

	if (strcmp(j->at, r->tag) != 0) {
		j->more = j->json.n >= PAGE_BYTES;
		if (j->more)
			return 1;
		memcpy(j->at, r->tag, sizeof(j->at));
	}
	return past_json_write(&j->json, r) == 0
		       ? 0
		       : err_set(e, ERR_LIMIT, "the history of %s is too long", r->tag);
}

static int run(void *arg, struct err *e)
{
	struct job *j = arg;

	return past_list(&j->ask, take_row, j, e) < 0 ? -1 : 0;
}

/* Where the arguments lead, once for each request. */
static int find_route(struct request *rq, struct err *e)
{
	const char *name = request_arg(rq, "name");
	struct plan *plan;
	int rc;

	if (name == NULL)
		return err_set(e, ERR_INVALID,
			       "name= is missing, as in ?name=library/python&tag=3.11");
	if (reponame_parse(view_of(name), &rq->name, e) != 0)
		return -1;
	plan = mirror_plan(rq->server->mirror);
	rc = route_find(plan, &rq->name, NULL, &rq->route, e);
	plan_unref(plan);
	rq->routed = rc == 0;
	return rc;
}

static int read_tag(const char *text, char out[TAG_MAX_BYTES + 1], struct err *e)
{
	struct reference ref;

	if (reference_parse(view_of(text), &ref, e) != 0)
		return -1;
	if (ref.is_digest)
		return err_set(e, ERR_INVALID, "a digest has no history: it never moves");
	memcpy(out, ref.tag, sizeof(ref.tag));
	return 0;
}

static int read_args(struct request *rq, struct job *j, struct err *e)
{
	const char *tag = request_arg(rq, "tag"), *last = request_arg(rq, "last");
	const char *asof = request_arg(rq, "asof");

	j->ask.has_asof = asof != NULL;
	if ((tag != NULL && read_tag(tag, j->tag, e) != 0) ||
	    (last != NULL && read_tag(last, j->last, e) != 0) ||
	    (asof != NULL &&
	     asof_date(view_of(asof), clock_wall_ms(), &j->ask.asof_ms, e) != 0))
		return -1;
	j->ask.tag = tag != NULL ? j->tag : NULL;
	j->ask.last = j->last;
	return 0;
}

static enum MHD_Result start(struct request *rq)
{
	struct job *j = mem_alloc(sizeof(*j));
	struct err e;

	buf_init(&j->json, PAGE_BYTES + TAG_BYTES);
	route_copy(&j->route, &rq->route);
	j->ask.store = rq->server->store;
	j->ask.route = &j->route;
	if (read_args(rq, j, &e) != 0) {
		job_free(j);
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	}
	return work_start(rq, run, j, job_free);
}

static enum MHD_Result answer(struct request *rq, void *arg)
{
	struct job *j = arg;
	const char *asof = request_arg(rq, "asof");
	struct MHD_Response *r = MHD_create_response_from_buffer(
		j->json.n, (void *)buf_str(&j->json), MHD_RESPMEM_MUST_COPY);

	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", "application/x-ndjson");
	if (j->more)
		reply_headerf(r, "Link",
			      "</larder/v1/history?name=%s%s%s&last=%s>; rel=\"next\"",
			      rq->name.s, asof != NULL ? "&asof=" : "",
			      asof != NULL ? asof : "", j->at);
	if (!rq->head)
		rq->bytes = j->json.n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

enum MHD_Result moves_handle(struct request *rq)
{
	enum MHD_Result refusal;
	struct err e;

	if (!auth_passes(rq, AUTH_ANY, NULL, &refusal))
		return refusal;
	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD", "a history can only be read");
	if (!rq->routed && find_route(rq, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_NAME_INVALID);
	if (!auth_passes(rq, AUTH_PULL, rq->route.name.s, &refusal))
		return refusal;
	return work_run(rq, start, answer, OCIERR_UNSUPPORTED);
}
