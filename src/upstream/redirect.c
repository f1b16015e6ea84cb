/*
 * redirect.c - the rules of redirect.h.
 */
#include "upstream/redirect.h"

#include "base/mem.h"

int redirect_init(struct redirect *r, const char *url, struct err *e)
{
	*r = (struct redirect){ .url = BUF_INIT(URL_MAX_BYTES) };
	if (url_parse(url, &r->at, e) != 0)
		return -1;
	if (buf_adds(&r->url, url) != 0)
		return err_set(e, ERR_LIMIT, "URL of more than %d bytes", URL_MAX_BYTES);
	r->origin = r->at;
	return 0;
}

void redirect_done(struct redirect *r)
{
	buf_done(&r->url);
}

bool redirect_is(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

int redirect_follow(struct redirect *r, struct view location, struct err *e)
{
	CLEANUP(buf_done)
	struct buf next = BUF_INIT(URL_MAX_BYTES);
	struct url at;

	if (location.n == 0)
		return err_set(e, ERR_UPSTREAM, "redirect without a Location");
	if (r->hops >= REDIRECT_MAX)
		return err_set(e, ERR_LIMIT, "more than %d redirects", REDIRECT_MAX);
	if (url_resolve(buf_str(&r->url), location, &next, e) != 0 ||
	    url_parse(buf_str(&next), &at, e) != 0) {
		err_add(e, "redirect");
		if (e != NULL)
			e->kind = ERR_UPSTREAM;
		return -1;
	}
	if (r->at.https && !at.https)
		return err_set(e, ERR_UPSTREAM, "redirect from https to plain http on %s",
			       at.host);
	buf_done(&r->url);
	r->url = next;
	next = (struct buf)BUF_INIT(URL_MAX_BYTES);
	r->at = at;
	r->hops++;
	if (!url_same_origin(&r->origin, &at))
		r->foreign = true;
	return 0;
}
