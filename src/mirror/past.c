/*
 * past.c - rows of histories, from the disk. No state.
 */
#include "mirror/past.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/former.h"
#include "store/link.h"
#include "store/list.h"

static enum past_here how_much(const struct past_ask *ask, const struct digest *d)
{
	const struct reponame *name = &ask->route->name;

	if (former_is_whole(ask->store, name, d))
		return PAST_WHOLE;
	return link_exists(ask->store, LINK_REVISION, name, d) ? PAST_PART : PAST_NONE;
}

static int list_tag(const struct past_ask *ask, const char *tag,
		    int (*row)(void *arg, const struct past_row *r, struct err *e),
		    void *arg, struct err *e)
{
	const struct reponame *name = &ask->route->name;
	struct past_row r = { .repository = *name };
	const struct history_move *at = NULL;
	struct history h;
	struct digest d;
	int rc = 0;
	size_t i;

	/* Its message says why there is none. */
	if (ask->has_asof &&
	    history_resolve(ask->store, name, tag, ask->asof_ms, &d, e) != 0)
		return -1;
	if (history_read(ask->store, name, tag, &h, e) != 0)
		return -1;
	route_shown(ask->route, r.shown);
	snprintf(r.tag, sizeof(r.tag), "%s", tag);
	if (ask->has_asof)
		at = history_at(&h, ask->asof_ms);
	for (i = 0; i < h.n && rc == 0; i++) {
		const struct history_move *m = &h.move[i];

		if (ask->has_asof && m != at)
			continue;
		r.since_ms = m->ms;
		r.gone = m->gone;
		r.digest = m->digest;
		r.here = m->gone ? PAST_NONE : how_much(ask, &m->digest);
		snprintf(r.from, sizeof(r.from), "%s", m->from);
		rc = row(arg, &r, e);
	}
	history_done(&h);
	return rc;
}

int past_list(const struct past_ask *ask,
	      int (*row)(void *arg, const struct past_row *r, struct err *e), void *arg,
	      struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	const struct reponame *name = &ask->route->name;
	const char *tag;
	struct err why;
	int rc = 0;

	if (ask->tag != NULL)
		return list_tag(ask, ask->tag, row, arg, e);
	rc = ask->has_asof ? history_tags(ask->store, name, ask->asof_ms, &names, e)
			   : history_names(ask->store, name, &names, e);
	for (tag = buf_str(&names); rc == 0 && tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1) {
		if (strcmp(tag, ask->last) <= 0)
			continue;
		rc = list_tag(ask, tag, row, arg, &why);
		if (rc < 0 && why.kind == ERR_NOT_FOUND)
			rc = 0; /* it has gone meanwhile */
		else if (rc < 0)
			*e = why;
	}
	return rc;
}
