/*
 * proof_run.c - from names and from the store's inventory to proofs.
 */
#include "app/proof_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/inventory.h"
#include "mirror/named.h"
#include "mirror/resolve.h"
#include "store/reach.h"
#include "store/tag.h"

static int failed(struct proof_run *r, const char *image, const char *why, struct err *e)
{
	r->images++;
	return proof_show_failed(r->show, image, why, e);
}

/* image: for what cannot be looked at. */
static int prove(struct proof_run *r, const struct route *route, const char *image,
		 const char *tag, const struct digest *d, struct err *e)
{
	CLEANUP(mem_freep)
	struct proof *p = mem_alloc(sizeof(*p));
	struct err why;

	if (proof_make(&r->ask, route, tag, d, p, &why) != 0) {
		if (why.kind != ERR_CANCELLED)
			return failed(r, image, why.msg, e);
		*e = why;
		return -1;
	}
	r->images++;
	r->good += p->good;
	return proof_show_add(r->show, p, e);
}

/* --- by name --- */

static int find_digest(const struct proof_run *r, const struct route *route,
		       const struct reference *ref, struct digest *d, struct err *e)
{
	struct found_manifest found;

	if (ref->is_digest && r->ask.offline) {
		*d = ref->digest;
		return 0;
	}
	if (!ref->is_digest && tag_get(r->ask.store, &route->name, ref->tag, d, e) == 0)
		return 0;
	if (r->ask.offline || route->site == NULL)
		return ref->is_digest ? 0
				      : err_set(e, ERR_NOT_FOUND,
						"the store has no %s:%s; `larder pull` "
						"brings it",
						route->name.s, ref->tag);
	if (resolve_manifest(r->ask.mirror, route, ref, VISIT_PERSON, true, &found, e) !=
	    0)
		return -1;
	*d = found.m->digest;
	stored_unref(found.m);
	return 0;
}

static int prove_named(struct proof_run *r, const struct imagearg *arg, struct err *e)
{
	struct reference ref = imageref_reference(&arg->im.image);
	struct route route;
	struct digest d = ref.digest;
	struct err why;
	int rc;

	if (arg->bad)
		return failed(r, arg->text, arg->im.err.msg, e);
	if (named_route(r->plan, &arg->im.image, &route, &why) != 0)
		return failed(r, arg->text, why.msg, e);
	if (find_digest(r, &route, &ref, &d, &why) != 0)
		rc = failed(r, arg->text, why.msg, e);
	else
		rc = prove(r, &route, arg->text, arg->im.image.tag, &d, e);
	route_done(&route);
	return rc;
}

int proof_run_named(struct proof_run *r, const struct imageargs *args, struct err *e)
{
	for (size_t i = 0; i < args->n; i++)
		if (prove_named(r, args->arg[i], e) != 0)
			return -1;
	return 0;
}

/* --- all --- */

static int take(void *arg, const struct inventory_row *row, struct err *e)
{
	char image[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2];
	struct proof_run *r = arg;
	struct digest subject;
	struct route route;
	struct err why;
	int rc;

	if (reach_tag_is_about(row->tag, &subject))
		return 0;
	snprintf(image, sizeof(image), "%s:%s", row->shown, row->tag);
	if (!row->has_digest)
		return failed(r, image, row->reason, e);
	if (route_stored(r->plan, &row->repository, &route, &why) != 0)
		return failed(r, image, why.msg, e);
	rc = prove(r, &route, image, row->tag, &row->digest, e);
	route_done(&route);
	return rc;
}

int proof_run_all(struct proof_run *r, struct err *e)
{
	CLEANUP(shares_freep)
	struct shares *shares = shares_new();
	struct inventory_ask ask = { .store = r->ask.store, .plan = r->plan };
	inventory_place next;

	return inventory_list(&ask, shares, "", SIZE_MAX, take, r, next, e);
}
