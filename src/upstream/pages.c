/*
 * pages.c - one request a page.  No state.
 */
#include "upstream/pages.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/exchange.h"
#include "upstream/refusal.h"

struct ask {
	struct chase c;
	struct buf page;
};

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct ask *t = arg;

	if (buf_add(&t->page, p, n) != 0)
		return err_set(e, ERR_LIMIT, "a page of more than %u bytes",
			       PAGES_MAX_BYTES);
	return 0;
}

struct view pages_next_link(const struct transport_answer *a)
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
	struct view link = pages_next_link(&t->c.answer);
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

static int one_page(struct ask *t, struct upstream *u, const struct reponame *name,
		    const struct pages *p, const char *path, struct err *e)
{
	buf_clear(&t->page);
	if (exchange_run(u, &t->c, name, path, e) != 0)
		return -1;
	if (t->c.answer.status != 200)
		return refusal_of(&t->c, false, e);
	return p->take(p->arg, buf_view(&t->page), e);
}

static int all_pages(struct ask *t, struct upstream *u, const struct reponame *name,
		     const struct pages *p, struct err *e)
{
	CLEANUP(buf_done)
	struct buf url = BUF_INIT(URL_MAX_BYTES);
	unsigned pages;
	int rc = 1;

	buf_adds(&url, p->path);
	for (pages = 0; rc > 0; pages++) {
		if (pages == PAGES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d pages", PAGES_MAX);
		if (one_page(t, u, name, p, buf_str(&url), e) != 0)
			return -1;
		rc = next_page(t, &url, e);
	}
	return rc;
}

int pages_get(struct upstream *u, const struct reponame *name, const struct pages *p,
	      int64_t deadline_ms, struct err *e)
{
	struct ask t = { .page = BUF_INIT(PAGES_MAX_BYTES) };
	int rc;

	t.c = (struct chase){ .kind = p->kind,
			      .method = "GET",
			      .header = { p->accept },
			      .deadline_ms = deadline_ms,
			      .data = on_data,
			      .arg = &t };
	rc = all_pages(&t, u, name, p, e);
	if (rc != 0)
		err_add(e, "%s: GET %s of %s", u->host, p->kind, name->s);
	chase_done(&t.c);
	buf_done(&t.page);
	return rc;
}
