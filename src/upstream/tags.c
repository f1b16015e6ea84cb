/*
 * tags.c - the list of tags, page by page (OCI distribution-spec "Listing Tags", RFC
 * 8288).
 */
#include "upstream/upstream.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "upstream/exchange.h"
#include "upstream/refusal.h"

#define PAGES_MAX 200
#define PAGE_MAX_BYTES (4u << 20)

struct ask {
	struct chase c;
	const struct reponame *name;
	struct buf page;
};

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct ask *t = arg;

	if (buf_add(&t->page, p, n) != 0)
		return err_set(e, ERR_LIMIT, "a page of more than %u bytes",
			       PAGE_MAX_BYTES);
	return 0;
}

/* Tags that are none are left out. */
static int add_tags(struct view page, struct buf *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(page, e);
	const struct json *tags = json_get(doc, "tags");
	struct reference ref;
	size_t i;

	if (!json_is_object(doc))
		return err_set(e, ERR_UPSTREAM,
			       "answered with something that is no list of tags");
	for (i = 0; i < json_len(tags); i++) {
		const char *tag = json_str(json_at(tags, i));

		if (tag == NULL || reference_parse(view_of(tag), &ref, NULL) != 0 ||
		    ref.is_digest)
			continue;
		if (buf_add(out, tag, strlen(tag) + 1) != 0)
			return err_set(e, ERR_LIMIT, "more than %zu bytes of tags",
				       out->limit);
	}
	return 0;
}

/* The target of Link: <target>; rel="next". Empty: there is none. */
static struct view next_link(const struct transport_answer *a)
{
	struct view v = transport_header(a, "Link", 0), target;
	const char *end;

	if (v.n < 2 || v.p[0] != '<' || (end = memchr(v.p, '>', v.n)) == NULL)
		return (struct view){ "", 0 };
	target = (struct view){ v.p + 1, (size_t)(end - v.p - 1) };
	v = (struct view){ end, v.n - (size_t)(end - v.p) };
	if (memmem(v.p, v.n, "rel=\"next\"", 10) == NULL &&
	    memmem(v.p, v.n, "rel=next", 8) == NULL)
		return (struct view){ "", 0 };
	return target;
}

/* The URL of the next page into url; 0: there is none. The token goes along, so it must
 * be the registry's own. */
static int next_page(struct ask *t, struct buf *url, struct err *e)
{
	struct view link = next_link(&t->c.answer);
	struct buf next = BUF_INIT(URL_MAX_BYTES);
	struct url at;
	int rc = 1;

	if (link.n == 0)
		return 0;
	if (url_resolve(buf_str(&t->c.way.url), link, &next, NULL) != 0 ||
	    url_parse(buf_str(&next), &at, NULL) != 0 ||
	    !url_same_origin(&at, &t->c.u->at))
		rc = err_set(e, ERR_UPSTREAM, "the next page is not on the same host");
	buf_done(url);
	*url = next;
	return rc;
}

static int one_page(struct ask *t, struct upstream *u, const char *path, struct buf *out,
		    struct err *e)
{
	buf_clear(&t->page);
	if (exchange_run(u, &t->c, t->name, path, e) != 0)
		return -1;
	if (t->c.answer.status != 200)
		return refusal_of(&t->c, false, e);
	return add_tags(buf_view(&t->page), out, e);
}

static int all_pages(struct ask *t, struct upstream *u, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf url = BUF_INIT(URL_MAX_BYTES);
	unsigned pages;
	int rc = 1;

	buf_addf(&url, "/v2/%s/tags/list", t->name->s);
	for (pages = 0; rc > 0; pages++) {
		if (pages == PAGES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d pages", PAGES_MAX);
		if (one_page(t, u, buf_str(&url), out, e) != 0)
			return -1;
		rc = next_page(t, &url, e);
	}
	return rc;
}

int upstream_list_tags(struct upstream *u, const struct reponame *name,
		       int64_t deadline_ms, struct buf *out, struct err *e)
{
	struct ask t = { .name = name, .page = BUF_INIT(PAGE_MAX_BYTES) };
	size_t before = out->n;
	int rc;

	t.c = (struct chase){ .kind = "tags",
			      .method = "GET",
			      .header = { "Accept: application/json" },
			      .deadline_ms = deadline_ms,
			      .data = on_data,
			      .arg = &t };
	rc = all_pages(&t, u, out, e);
	if (rc != 0) {
		err_add(e, "%s: GET tags of %s", u->host, name->s);
		out->n = before;
		if (out->p != NULL)
			out->p[before] = '\0';
	}
	chase_done(&t.c);
	buf_done(&t.page);
	return rc;
}
