/*
 * mount.c - looking for a blob that is in another repository already. No state.
 */
#include "server/mount.h"

#include <string.h>

#include "base/mem.h"
#include "server/auth.h"
#include "server/server_impl.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/list.h"

#define MAX_LOOKS 4096 /* repositories looked through */

static bool has(struct request *rq, const struct reponame *name, const struct digest *d)
{
	return link_exists(rq->server->store, LINK_LAYER, name, d) &&
	       auth_may(rq, AUTH_PULL, name->s) && keep_blob(rq->server->store, d);
}

bool mount_from(struct request *rq, const char *from, const struct digest *d)
{
	struct reponame name;
	struct route route;
	struct plan *plan;
	bool yes = false;

	if (reponame_parse(view_of(from), &name, NULL) != 0)
		return false;
	plan = mirror_plan(rq->server->mirror);
	if (route_find(plan, &name, NULL, &route, NULL) == 0) {
		yes = has(rq, &route.name, d);
		route_done(&route);
	}
	plan_unref(plan);
	return yes;
}

bool mount_from_any(struct request *rq, const struct digest *d)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	struct reponame name;
	const char *p;
	bool more;

	if (!blob_exists(rq->server->store, d, NULL) ||
	    list_repositories(rq->server->store, "", MAX_LOOKS, &names, &more, NULL) != 0)
		return false;
	for (p = buf_str(&names); p < buf_str(&names) + names.n; p += strlen(p) + 1)
		if (reponame_parse(view_of(p), &name, NULL) == 0 && has(rq, &name, d))
			return true;
	return false;
}
