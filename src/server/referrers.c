/*
 * referrers.c - GET and HEAD /v2/<name>/referrers/<digest> (OCI distribution-spec
 * "Listing Referrers"), page by page.
 *
 * A page is made on another thread: it reads as many manifests as it names.
 */
#include "server/referrers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/ask_referrers.h"
#include "oci/manifest.h"
#include "oci/referrer.h"
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work.h"
#include "store/list.h"
#include "store/mstore.h"
#include "store/referrers.h"

#define PAGE_BYTES (4u << 20) /* what clients read; one that is larger comes alone */
#define DESCRIPTOR_MAX_BYTES (8u << 20)
#define PAGE_MAX_LOOKS 1000 /* manifests read for one page */
#define NAMES_MAX_BYTES (64u << 20)

#define BEGIN                                                                            \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX "\",\"manifests\":["

struct job {
	struct store *store;
	struct reponame name;
	struct digest subject;
	char *only; /* the artifact type asked for; NULL: any */
	char last[DIGEST_TEXT_MAX];
	struct buf json;
	bool more; /* there is another page, after `last` */
};

static void job_free(void *arg)
{
	struct job *j = arg;

	buf_done(&j->json);
	free(j->only);
	free(j);
}

/* One descriptor, if it is there and wanted. False: this page is full without it. */
static bool add_one(struct job *j, const char *text, bool *first)
{
	CLEANUP(buf_done)
	struct buf one = BUF_INIT(DESCRIPTOR_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf type = BUF_INIT(MANIFEST_MAX_BYTES);
	struct stored *m;
	struct digest d;
	bool wanted;

	if (digest_parse(view_of(text), &d, NULL) != 0 ||
	    mstore_get(j->store, &j->name, &d, &m, NULL) != 0)
		return true;
	wanted = referrer_describe((struct view){ m->body, m->n }, m->media_type, &d,
				   &one, &type, NULL) == 0 &&
		 (j->only == NULL || strcmp(j->only, buf_str(&type)) == 0);
	stored_unref(m);
	if (!wanted)
		return true;
	if (!*first && j->json.n + one.n > PAGE_BYTES)
		return false;
	buf_adds(&j->json, *first ? "" : ",");
	buf_add(&j->json, one.p, one.n);
	*first = false;
	return true;
}

static int run_list(void *arg, struct err *e)
{
	CLEANUP(buf_done)
	struct buf all = BUF_INIT(NAMES_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf page = BUF_INIT(PAGE_MAX_LOOKS * DIGEST_TEXT_MAX);
	struct job *j = arg;
	bool first = true;
	const char *p;

	if (referrers_list(j->store, &j->name, &j->subject, &all, e) != 0 ||
	    list_page(buf_view(&all), j->last, PAGE_MAX_LOOKS, &page, &j->more, e) != 0)
		return -1;
	buf_adds(&j->json, BEGIN);
	for (p = buf_str(&page); p < buf_str(&page) + page.n; p += strlen(p) + 1) {
		if (!add_one(j, p, &first)) {
			j->more = true;
			break;
		}
		memcpy(j->last, p, strlen(p) + 1);
	}
	return buf_adds(&j->json, "]}\n");
}

static enum MHD_Result start(struct request *rq)
{
	const char *last = request_arg(rq, "last");
	const char *only = request_arg(rq, "artifactType");
	struct job *j = mem_alloc(sizeof(*j));
	struct digest d;

	j->store = rq->server->store;
	j->name = rq->route.name;
	j->subject = rq->ref.digest;
	j->only = only != NULL && *only != '\0' ? mem_dup(only) : NULL;
	if (last != NULL && digest_parse(view_of(last), &d, NULL) == 0)
		digest_text(&d, j->last);
	buf_init(&j->json, PAGE_BYTES + DESCRIPTOR_MAX_BYTES + 1024);
	return work_start(rq, run_list, j, job_free);
}

/* Percent-encoded, for the link to the next page. */
static int add_encoded(struct buf *out, const char *s)
{
	int rc = 0;

	for (; *s != '\0' && rc == 0; s++)
		rc = strchr("%&#+;<>\"\\ ", *s) != NULL || *s < ' ' || *s > '~'
			     ? buf_addf(out, "%%%02X", (unsigned char)*s)
			     : buf_add(out, s, 1);
	return rc;
}

static void add_link(struct request *rq, const struct job *j, struct MHD_Response *r)
{
	CLEANUP(buf_done)
	struct buf link = BUF_INIT(32u << 10);

	if (buf_addf(&link, "<%s?last=%s", rq->path, j->last) != 0 ||
	    (j->only != NULL && (buf_adds(&link, "&artifactType=") != 0 ||
				 add_encoded(&link, j->only) != 0)) ||
	    (rq->ns[0] != '\0' && buf_addf(&link, "&ns=%s", rq->ns) != 0) ||
	    buf_adds(&link, ">; rel=\"next\"") != 0)
		return;
	reply_header(r, "Link", buf_str(&link));
}

/* Takes the list out of the job, which stays for as long as the request. */
static enum MHD_Result answer(struct request *rq, void *arg)
{
	struct job *j = arg;
	struct MHD_Response *r;
	size_t n = j->json.n;

	r = MHD_create_response_from_buffer(n, TAKE(j->json.p), MHD_RESPMEM_MUST_FREE);
	buf_init(&j->json, 0);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", MEDIATYPE_OCI_INDEX);
	if (j->only != NULL)
		reply_header(r, "OCI-Filters-Applied", "artifactType");
	if (j->more)
		add_link(rq, j, r);
	if (!rq->head)
		rq->bytes = n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

/* What an upstream listed: on one page. */
static int compose(const struct buf *list, const char *only, struct buf *json)
{
	const char *p = buf_str(list), *end = p + list->n, *type;
	bool first = true;
	int rc;

	rc = buf_adds(json, BEGIN);
	while (p < end && rc == 0) {
		type = p;
		p += strlen(p) + 1;
		if (p < end && (only == NULL || strcmp(only, type) == 0)) {
			rc = buf_addf(json, "%s%s", first ? "" : ",", p);
			first = false;
		}
		if (p < end)
			p += strlen(p) + 1;
	}
	return rc | buf_adds(json, "]}\n");
}

static enum MHD_Result mirrored_answer(struct request *rq, const struct buf *list,
				       int64_t stale_s)
{
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(2 * ASK_REFERRERS_MAX_BYTES);
	const char *only = request_arg(rq, "artifactType");
	struct MHD_Response *r;
	size_t n;

	if (only != NULL && *only == '\0')
		only = NULL;
	if (compose(list, only, &json) != 0)
		return reply_oci_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, OCIERR_UNKNOWN,
				       "the list of referrers is too long");
	n = json.n;
	r = MHD_create_response_from_buffer(n, TAKE(json.p), MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", MEDIATYPE_OCI_INDEX);
	if (only != NULL)
		reply_header(r, "OCI-Filters-Applied", "artifactType");
	if (stale_s >= 0)
		reply_stale(r, rq, "could not be asked about", stale_s);
	if (!rq->head)
		rq->bytes = n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

static enum MHD_Result mirrored(struct request *rq)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(ASK_REFERRERS_MAX_BYTES);
	int64_t stale_s;
	struct err e;

	switch (ask_referrers(rq->server->mirror, &rq->route, &rq->ref.digest, &rq->visit,
			      &list, &stale_s, &e)) {
	case ANSWER_READY:
		return mirrored_answer(rq, &list, stale_s);
	case ANSWER_WAIT:
		return park_visit(rq);
	default:
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_DIGEST_INVALID);
	}
}

enum MHD_Result referrers_handle(struct request *rq)
{
	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD", "referrers can only be read");
	if (rq->route.site != NULL)
		return mirrored(rq);
	return work_run(rq, start, answer, OCIERR_DIGEST_INVALID);
}
