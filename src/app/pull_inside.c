/*
 * pull_inside.c - images at two digests: brought, found in the store, compared.
 */
#include "app/pull_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/named.h"
#include "mirror/parts.h"

/* All of one platform, with its layers. */
static bool is_here(struct store *s, const struct reponame *repo, const struct digest *d,
		    const struct platform *p)
{
	struct parts parts;

	if (parts_make(s, repo, d, p, &parts, NULL) != 0)
		return false;
	parts_done(&parts);
	return true;
}

static void want(struct pull_inside *in, const struct imagearg *image,
		 const struct digest *digest, const struct platform *p)
{
	struct imageargs *a = &in->fetched;
	struct imagearg *arg = mem_alloc(sizeof(*arg));
	char text[IMAGEREF_TEXT_MAX];

	arg->im.image = image->im.image;
	arg->im.image.has_digest = true;
	arg->im.image.digest = *digest;
	arg->im.platform[0] = *p;
	arg->im.nplatforms = 1;
	imageref_text(&arg->im.image, text);
	arg->text = mem_dup(text);
	a->arg = mem_grow(a->arg, (a->n + 1) * sizeof(struct imagearg *));
	a->arg[a->n++] = arg;
}

/* Both digests of each, unless they are here. */
static void list_missing(struct pull_inside *in)
{
	struct store *s = in->gather->store;
	struct platform platform;
	struct route route;
	size_t i;

	for (i = 0; i < in->images->n; i++) {
		const struct imagearg *image = in->images->arg[i];
		const struct batch_image *im = &image->im;

		if (im->result != BATCH_MOVED ||
		    named_route(in->gather->plan, &im->image, &route, NULL) != 0)
			continue;
		changes_platform(im->platform, im->nplatforms, &platform);
		if (!is_here(s, &route.name, &im->done.before, &platform))
			want(in, image, &im->done.before, &platform);
		if (!is_here(s, &route.name, &im->done.digest, &platform))
			want(in, image, &im->done.digest, &platform);
		route_done(&route);
	}
}

void pull_inside_fetch(struct pull_inside *in)
{
	struct batch b = { .at_once = in->at_once, .who = VISIT_PERSON };

	if (!in->fetch || in->gather->interrupted)
		return;
	list_missing(in);
	if (in->fetched.n > 0)
		gather_run(in->gather, &b, &in->fetched);
}

void pull_inside_done(struct pull_inside *in)
{
	imageargs_done(&in->fetched);
}

/* Why it did not come, where it was to. */
static bool failed_to_come(const struct pull_inside *in, const struct imagearg *image,
			   struct err *e)
{
	const struct batch_image *im = &image->im;
	size_t i;

	for (i = 0; i < in->fetched.n; i++) {
		const struct imagearg *arg = in->fetched.arg[i];

		if (arg->im.result != BATCH_FAILED ||
		    strcmp(arg->im.image.name.s, im->image.name.s) != 0 ||
		    strcmp(arg->im.image.host, im->image.host) != 0 ||
		    (!digest_equal(&arg->im.image.digest, &im->done.before) &&
		     !digest_equal(&arg->im.image.digest, &im->done.digest)))
			continue;
		*e = arg->im.err;
		return true;
	}
	return false;
}

static int find(struct pull_inside *in, const struct imagearg *image,
		const struct route *route, struct changes *out, struct err *e)
{
	const struct batch_image *im = &image->im;
	struct store *s = in->gather->store;
	struct changes_side before = { .shown = image->text,
				       .repo = &route->name,
				       .digest = im->done.before };
	struct changes_side after;

	changes_platform(im->platform, im->nplatforms, &before.platform);
	after = before;
	after.digest = im->done.digest;
	if (!is_here(s, &route->name, &before.digest, &before.platform) ||
	    !is_here(s, &route->name, &after.digest, &before.platform)) {
		in->absent++;
		return failed_to_come(in, image, e)
			       ? -1
			       : err_set(e, ERR_NOT_FOUND, "%s",
					 in->look ? "what it is now is not here; --diff "
						    "fetches it, for one pull"
						  : "what it was is not all here any "
						    "more; --diff fetches it, for one "
						    "pull");
	}
	return changes_find(s, &before, &after, out, e);
}

int pull_inside_find(struct pull_inside *in, const struct imagearg *image,
		     struct changes *out, struct err *e)
{
	struct route route;
	int rc;

	rc = named_route(in->gather->plan, &image->im.image, &route, e);
	if (rc == 0) {
		rc = find(in, image, &route, out, e);
		route_done(&route);
		if (rc == 0)
			out->before.repo = out->after.repo = NULL; /* the route's */
	}
	in->unknown += rc != 0;
	return rc;
}
