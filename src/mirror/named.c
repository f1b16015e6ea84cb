/*
 * named.c - hosts and library/ as people leave them out. No state.
 */
#include "mirror/named.h"

#include <stdio.h>
#include <string.h>

int named_route(struct plan *p, const struct imageref *r, struct route *out,
		struct err *e)
{
	const char *host = r->host[0] != '\0' ? r->host : NULL;
	struct reponame name = r->name;
	struct err why;

	if (host == NULL && strchr(name.s, '/') == NULL) {
		if (route_find(p, &name, NULL, out, NULL) == 0) {
			if (out->site == NULL && r->host[0] == '\0')
				return 0;
			route_done(out);
		}
		if ((size_t)snprintf(name.s, sizeof(name.s), "library/%s", r->name.s) >=
		    sizeof(name.s))
			return err_set(e, ERR_INVALID, "%s: too long", r->name.s);
	}
	if (route_find(p, &name, host, out, &why) == 0)
		return 0;
	if (host != NULL && why.kind == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "registry %s is not configured; add it below "
			       "larder.upstreams (docs/settings.md)",
			       host);
	if (e != NULL)
		*e = why;
	return -1;
}
