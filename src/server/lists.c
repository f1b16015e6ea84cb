/*
 * lists.c - /v2/<name>/tags/list and /v2/_catalog, page by page
 * (OCI distribution-spec "Listing tags"; the catalog as registry:2 has it).
 */
#include "server/park.h"
#include "server/auth.h"
#include "server/reply.h"
#include "server/server_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/ask_tags.h"
#include "server/work.h"
#include "store/history.h"
#include "store/list.h"

#define DEFAULT_CATALOG 100
#define MAX_PAGE 100000
#define ANSWER_MAX_BYTES (64u << 20)

struct page_ask {
	size_t n;
	bool has_n;
	const char *last;
};

static int read_page(struct request *rq, struct page_ask *ask, struct err *e)
{
	const char *n = MHD_lookup_connection_value(rq->conn, MHD_GET_ARGUMENT_KIND, "n");
	char *end;
	long long value;

	ask->last = MHD_lookup_connection_value(rq->conn, MHD_GET_ARGUMENT_KIND, "last");
	if (ask->last == NULL)
		ask->last = "";
	ask->has_n = n != NULL;
	ask->n = MAX_PAGE;
	if (n == NULL)
		return 0;
	errno = 0;
	value = strtoll(n, &end, 10);
	if (*n == '\0' || *end != '\0' || value < 0 || (errno != 0 && errno != ERANGE))
		return err_set(e, ERR_INVALID, "n=%.40s is not a number of entries", n);
	ask->n = value < MAX_PAGE ? (size_t)value : MAX_PAGE;
	return 0;
}

static const char *last_of(struct view names)
{
	const char *p = names.p + names.n - 1; /* its NUL */

	while (p > names.p && p[-1] != '\0')
		p--;
	return p;
}

/* {"name":"x","tags":[…]} or {"repositories":[…]} */
static int write_json(struct buf *out, const char *name, const char *key,
		      struct view names)
{
	const char *p;
	int rc = buf_adds(out, "{");

	if (name != NULL)
		rc |= buf_addf(out, "\"name\":\"%s\",", name);
	rc |= buf_addf(out, "\"%s\":[", key);
	for (p = names.p; p < names.p + names.n && rc == 0; p += strlen(p) + 1)
		rc |= buf_addf(out, "%s\"%s\"", p > names.p ? "," : "", p);
	return rc | buf_adds(out, "]}\n");
}

/* last: the page's last name, where there is another page. */
static enum MHD_Result send_page(struct request *rq, const struct page_ask *ask,
				 const char *key, struct view names, const char *last)
{
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(ANSWER_MAX_BYTES);
	bool tags = rq->kind == REQUEST_TAGS;
	struct MHD_Response *r;

	if (write_json(&json, tags ? rq->name.s : NULL, key, names) != 0)
		return reply_oci_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, OCIERR_UNKNOWN,
				       "the list is too long; ask for pages with n=");
	r = MHD_create_response_from_buffer(json.n, json.p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", "application/json");
	if (last != NULL)
		reply_headerf(r, "Link", "<%s?last=%s&n=%zu%s%s>; rel=\"next\"", rq->path,
			      last, ask->n, rq->ns[0] ? "&ns=" : "", rq->ns);
	if (!rq->head)
		rq->bytes = json.n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

/* --- as of a date: on another thread, since it reads a file a tag --- */

struct past {
	struct store *store;
	struct reponame name;
	int64_t wall_ms;
	struct buf tags;
};

static void past_free(void *arg)
{
	struct past *p = arg;

	buf_done(&p->tags);
	free(p);
}

static int run_past(void *arg, struct err *e)
{
	struct past *p = arg;

	return history_tags(p->store, &p->name, p->wall_ms, &p->tags, e);
}

static enum MHD_Result start_past(struct request *rq)
{
	struct past *p = mem_alloc(sizeof(*p));

	p->store = rq->server->store;
	p->name = rq->route.name;
	p->wall_ms = rq->asof_ms;
	buf_init(&p->tags, LIST_MAX_BYTES);
	return work_start(rq, run_past, p, past_free);
}

static enum MHD_Result send_tags(struct request *rq, const struct page_ask *ask,
				 struct view all)
{
	CLEANUP(buf_done)
	struct buf page = BUF_INIT(LIST_MAX_BYTES);
	struct err e;
	bool more;

	if (list_page(all, ask->last, ask->n, &page, &more, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_NAME_INVALID);
	return send_page(rq, ask, "tags", buf_view(&page),
			 more && page.n > 0 ? last_of(buf_view(&page)) : NULL);
}

static enum MHD_Result answer_past(struct request *rq, void *arg)
{
	const struct past *p = arg;
	struct page_ask ask;
	struct err e;

	if (read_page(rq, &ask, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	return send_tags(rq, &ask, buf_view(&p->tags));
}

enum MHD_Result lists_tags(struct request *rq)
{
	CLEANUP(buf_done)
	struct buf all = BUF_INIT(LIST_MAX_BYTES);
	struct page_ask ask;
	struct err e;

	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD", "tags/list can only be read");
	if (read_page(rq, &ask, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	if (rq->is_asof)
		return work_run(rq, start_past, answer_past, OCIERR_NAME_INVALID);
	switch (ask_tags(rq->server->mirror, &rq->route, &rq->visit, &all, &e)) {
	case ANSWER_READY:
		break;
	case ANSWER_WAIT:
		return park_visit(rq);
	default:
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_NAME_INVALID);
	}
	return send_tags(rq, &ask, buf_view(&all));
}

/* Only names that the asker may pull. */
static void keep_allowed(struct request *rq, struct buf *names)
{
	char *to = names->p, *p, *end;
	size_t n;

	if (names->n == 0)
		return;
	end = names->p + names->n;
	for (p = names->p; p < end; p += n) {
		n = strlen(p) + 1;
		if (!auth_may(rq, AUTH_PULL, p))
			continue;
		memmove(to, p, n);
		to += n;
	}
	names->n = (size_t)(to - names->p);
}

enum MHD_Result lists_catalog(struct request *rq)
{
	CLEANUP(mem_freep)
	char *last = NULL; /* of the page as it was before some were left out */
	enum MHD_Result answer;
	CLEANUP(buf_done)
	struct buf page = BUF_INIT(LIST_MAX_BYTES);
	struct page_ask ask;
	struct err e;
	bool more;

	if (!auth_passes(rq, AUTH_LIST, NULL, &answer))
		return answer;
	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD", "the catalog can only be read");
	if (read_page(rq, &ask, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	if (!ask.has_n)
		ask.n = DEFAULT_CATALOG;
	if (list_repositories(rq->server->store, ask.last, ask.n, &page, &more, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_NAME_INVALID);
	last = page.n > 0 ? mem_dup(last_of(buf_view(&page))) : NULL;
	keep_allowed(rq, &page);
	return send_page(rq, &ask, "repositories", buf_view(&page), more ? last : NULL);
}
