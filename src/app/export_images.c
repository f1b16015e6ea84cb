/*
 * export_images.c - from names to what the store has, and what it is called elsewhere.
 */
#include "app/export_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/named.h"
#include "store/link.h"
#include "store/tag.h"

static struct export_image *add_image(struct export_images *x, const char *shown)
{
	struct export_image *im = &x->image[x->n];

	x->shown[x->n] = mem_dup(shown);
	im->is_open = x->is_open;
	im->platform = x->platform;
	im->nplatforms = x->nplatforms;
	x->n++;
	return im;
}

static void make_room(struct export_images *x, size_t n)
{
	x->image = mem_alloc((n + 1) * sizeof(*x->image));
	x->shown = mem_alloc((n + 1) * sizeof(*x->shown));
	x->tag = mem_alloc((n + 1) * sizeof(*x->tag));
}

/* "docker.io/library/python:3.11-slim"; what lives here has no host. */
static void full_name(const struct export_images *x, const struct route *r,
		      const char *tag, const struct digest *d,
		      char out[IMAGEREF_TEXT_MAX])
{
	const char *host = r->site != NULL ? r->site->host : x->docker ? "docker.io" : "";
	const char *library = r->site == NULL && x->docker &&
					      strchr(r->name.s, '/') == NULL
				      ? "library/"
				      : "";
	char digest[DIGEST_TEXT_MAX];

	digest_text(d, digest);
	snprintf(out, IMAGEREF_TEXT_MAX, "%s%s%s%s%s%s", host, host[0] != '\0' ? "/" : "",
		 library, r->site != NULL ? r->remote.s : r->name.s,
		 tag[0] != '\0' ? ":" : "@", tag[0] != '\0' ? tag : digest);
}

static int find_image(struct export_images *x, const struct imageref *r,
		      struct export_image *im, char *tag, struct err *e)
{
	const struct lockfile_entry *lock;
	struct route route;
	int rc = 0;

	if (named_route(x->plan, r, &route, e) != 0)
		return -1;
	im->repo = route.name;
	im->digest = r->digest;
	snprintf(tag, TAG_MAX_BYTES + 1, "%s", r->tag);
	lock = r->has_digest ? NULL : route_lock(&route, tag);
	if (lock != NULL)
		im->digest = lock->image.digest;
	if (r->has_digest || lock != NULL
		    ? !link_exists(x->store, LINK_REVISION, &route.name, &im->digest)
		    : tag_get(x->store, &route.name, tag, &im->digest, NULL) != 0)
		rc = err_set(e, ERR_NOT_FOUND,
			     "it is not in the store; bring it with larder pull");
	if (rc == 0)
		full_name(x, &route, tag, &im->digest, im->name);
	im->tag = tag[0] != '\0' ? tag : NULL;
	route_done(&route);
	return rc;
}

/* A list that is a lock file says which bytes are meant. */
static int find_listed(struct export_images *x, const struct imageargs *args,
		       const struct imageref *r, struct export_image *im, char *tag,
		       struct err *e)
{
	const struct lockfile_entry *lock =
		r->has_digest ? NULL : lockfile_find_image(&args->lock, r);
	struct imageref locked = *r;

	if (lock != NULL) {
		locked.has_digest = true;
		locked.digest = lock->image.digest;
	}
	return find_image(x, &locked, im, tag, e);
}

static void take_listed(struct export_images *x, const struct imageargs *args)
{
	size_t i;

	make_room(x, args->n);
	for (i = 0; i < args->n; i++) {
		struct imagearg *arg = args->arg[i];
		struct export_image *im = add_image(x, arg->text);

		if (arg->im.nplatforms > 0) {
			im->is_open = false;
			im->platform = arg->im.platform;
			im->nplatforms = arg->im.nplatforms;
		}
		im->failed = arg->bad;
		if (arg->bad)
			im->why = arg->im.err;
		else
			im->failed = find_listed(x, args, &arg->im.image, im, x->tag[i],
						 &im->why) != 0;
	}
}

/* Every tag of the store that a name leads to. */
static int take_all(struct export_images *x, struct err *e)
{
	struct bundle *b;
	size_t i;

	if (bundle_open_store(x->store, NULL, NULL, &b, e) != 0)
		return -1;
	make_room(x, b->n);
	for (i = 0; i < b->n; i++) {
		char shown[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2];
		const struct bundle_image *from = &b->image[i];
		struct export_image *im;
		struct route route;

		if (from->tag[0] == '\0' ||
		    route_stored(x->plan, &from->repo, &route, NULL) != 0)
			continue;
		route_shown(&route, shown);
		snprintf(shown + strlen(shown), TAG_MAX_BYTES + 2, ":%s", from->tag);
		snprintf(x->tag[x->n], sizeof(x->tag[x->n]), "%s", from->tag);
		full_name(x, &route, from->tag, &from->digest, x->image[x->n].name);
		route_done(&route);
		x->image[x->n].tag = x->tag[x->n];
		im = add_image(x, shown);
		im->repo = from->repo;
		im->digest = from->digest;
	}
	bundle_close(b);
	return 0;
}

/* --name NEW, for one image. */
static int rename_image(struct export_images *x, struct err *e)
{
	struct imageref r;

	if (x->rename == NULL)
		return 0;
	if (x->n != 1)
		return err_set(e, ERR_INVALID, "--name is for one image");
	if (imageref_parse(view_of(x->rename), &r, e) != 0)
		return err_add(e, "--name");
	if (r.has_digest)
		return err_set(e, ERR_INVALID, "--name: a name has no digest");
	snprintf(x->tag[0], sizeof(x->tag[0]), "%s", r.tag);
	x->image[0].tag = x->tag[0];
	snprintf(x->image[0].name, sizeof(x->image[0].name), "%s%s%s%s:%s",
		 r.host[0] != '\0' ? r.host : "docker.io", "/",
		 r.host[0] == '\0' && strchr(r.name.s, '/') == NULL ? "library/" : "",
		 r.name.s, r.tag);
	return 0;
}

int export_images_find(struct export_images *x, const struct imageargs *args,
		       struct err *e)
{
	if (args != NULL)
		take_listed(x, args);
	else if (take_all(x, e) != 0)
		return -1;
	return rename_image(x, e);
}

void export_images_done(struct export_images *x)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		free(x->shown[i]);
	free(x->shown);
	free(x->image);
	free(x->tag);
}
