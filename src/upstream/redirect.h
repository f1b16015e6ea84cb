/*
 * redirect.h - where a redirect may lead, and whether credentials go along. Pure.
 *
 * At most REDIRECT_MAX hops, so loops end. Never from https to http. Credentials stay
 * behind, for good, once host name, port or scheme differ from where the request began.
 */
#ifndef LARDER_UPSTREAM_REDIRECT_H
#define LARDER_UPSTREAM_REDIRECT_H

#include <stdbool.h>

#include "upstream/url.h"

#define REDIRECT_MAX 5

struct redirect {
	struct buf url; /* the URL to ask now */
	struct url at;	/* where that leads */
	struct url origin;
	unsigned hops;
	bool foreign; /* has left the origin: no credentials any more */
};

int redirect_init(struct redirect *r, const char *url, struct err *e);
void redirect_done(struct redirect *r);
bool redirect_is(int status); /* 301, 302, 303, 307, 308 */
/* Take the step that a Location header (empty: there was none) asks for. ERR_UPSTREAM
 * where that is not allowed, ERR_LIMIT where it would be one too many; *r is then as
 * before. */
int redirect_follow(struct redirect *r, struct view location, struct err *e);

#endif
