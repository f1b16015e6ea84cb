/*
 * inside.c - images at two digests: brought, found in the store, compared, said.
 */
#include "app/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/named.h"
#include "mirror/parts.h"
#include "trust/compare_show.h"

#define INSIDE_ROWS 40 /* packages and settings of one image, in text */

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

static void want(struct inside *in, const struct inside_moved *m,
		 const struct digest *digest, const struct platform *p)
{
	struct imageargs *a = &in->fetched;
	struct imagearg *arg = mem_alloc(sizeof(*arg));
	char text[IMAGEREF_TEXT_MAX];

	arg->im.image = *m->image;
	arg->im.image.has_digest = true;
	arg->im.image.digest = *digest;
	arg->im.platform[0] = *p;
	arg->im.nplatforms = 1;
	imageref_text(&arg->im.image, text);
	arg->text = mem_dup(text);
	a->arg = mem_grow(a->arg, (a->n + 1) * sizeof(struct imagearg *));
	a->arg[a->n++] = arg;
}

/* Both digests, unless they are here. */
static void want_missing(struct inside *in, const struct inside_moved *m)
{
	struct store *s = in->gather->store;
	struct platform platform;
	struct route route;

	if (named_route(in->gather->plan, m->image, &route, NULL) != 0)
		return;
	changes_platform(m->platform, m->nplatforms, &platform);
	if (!is_here(s, &route.name, &m->before, &platform))
		want(in, m, &m->before, &platform);
	if (!is_here(s, &route.name, &m->after, &platform))
		want(in, m, &m->after, &platform);
	route_done(&route);
}

void inside_fetch(struct inside *in, const struct inside_moved *m, size_t n)
{
	struct batch b = { .at_once = in->at_once, .who = VISIT_PERSON };
	size_t i;

	if (!in->fetch || in->gather->interrupted)
		return;
	for (i = 0; i < n; i++)
		want_missing(in, &m[i]);
	if (in->fetched.n > 0)
		gather_run(in->gather, &b, &in->fetched);
}

void inside_done(struct inside *in)
{
	imageargs_done(&in->fetched);
}

/* Why it did not come, where it was to. */
static bool failed_to_come(const struct inside *in, const struct inside_moved *m,
			   struct err *e)
{
	size_t i;

	for (i = 0; i < in->fetched.n; i++) {
		const struct batch_image *im = &in->fetched.arg[i]->im;

		if (im->result != BATCH_FAILED ||
		    strcmp(im->image.name.s, m->image->name.s) != 0 ||
		    strcmp(im->image.host, m->image->host) != 0 ||
		    (!digest_equal(&im->image.digest, &m->before) &&
		     !digest_equal(&im->image.digest, &m->after)))
			continue;
		*e = im->err;
		return true;
	}
	return false;
}

static int not_here(struct inside *in, const struct inside_moved *m, const char *which,
		    struct err *e)
{
	in->absent++;
	if (failed_to_come(in, m, e))
		return -1;
	return err_set(e, ERR_NOT_FOUND, "%s; --diff fetches it, for one pull", which);
}

static int find(struct inside *in, const struct inside_moved *m,
		const struct route *route, struct changes *out, struct err *e)
{
	struct store *s = in->gather->store;
	struct changes_side before = { .shown = m->text,
				       .repo = &route->name,
				       .digest = m->before };
	struct changes_side after;

	changes_platform(m->platform, m->nplatforms, &before.platform);
	after = before;
	after.digest = m->after;
	if (!is_here(s, &route->name, &before.digest, &before.platform))
		return not_here(in, m, "what it was is not all here any more", e);
	if (!is_here(s, &route->name, &after.digest, &after.platform))
		return not_here(in, m, "what it is now is not here", e);
	return changes_find(s, &before, &after, out, e);
}

int inside_find(struct inside *in, const struct inside_moved *m, struct changes *out,
		struct err *e)
{
	struct route route;
	int rc;

	rc = named_route(in->gather->plan, m->image, &route, e);
	if (rc == 0) {
		rc = find(in, m, &route, out, e);
		route_done(&route);
		if (rc == 0)
			out->before.repo = out->after.repo = NULL; /* the route's */
	}
	in->unknown += rc != 0;
	return rc;
}

/* --- said --- */

void inside_print(struct inside *in, const struct inside_moved *m)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(COMPARE_SHOW_MAX);
	struct changes c;
	struct err e;

	if (inside_find(in, m, &c, &e) != 0) {
		if (e.kind != ERR_NOT_FOUND || in->fetch)
			printf("\n%s: what changed inside is not known: %s\n", m->text,
			       e.msg);
		return;
	}
	if (changes_text(&c, INSIDE_ROWS, &text) == 0)
		printf("\n%s", buf_str(&text));
	changes_done(&c);
}

void inside_print_end(const struct inside *in)
{
	if (in->absent > 0 && !in->fetch)
		printf("\nWhat changed inside %zu of them is not known from what is "
		       "here; --diff fetches\nwhat is missing, for a pull each. It comes "
		       "beside the tags, which stay where they are.\n",
		       in->absent);
}

void inside_json(struct inside *in, const struct inside_moved *m, struct buf *out)
{
	struct changes c;
	struct err e;
	size_t before = out->n;
	int rc = inside_find(in, m, &c, &e);

	if (rc == 0) {
		buf_adds(out, ",\"changes\":");
		rc = changes_json(&c, out);
		changes_done(&c);
		if (rc == 0)
			return;
		err_set(&e, ERR_LIMIT, "they are more than can be shown");
	}
	buf_cut(out, before);
	buf_adds(out, ",\"changes\":null,\"changesUnknown\":\"");
	buf_add_json(out, e.msg, strlen(e.msg));
	buf_adds(out, "\"");
}

void inside_page(struct inside *in, const struct inside_moved *m,
		 struct changes_page *page)
{
	struct changes c;
	struct err e;

	if (inside_find(in, m, &c, &e) != 0) {
		changes_page_add(page, m->text, &m->before, &m->after, NULL, e.msg);
		return;
	}
	changes_page_add(page, m->text, &m->before, &m->after, &c, NULL);
	changes_done(&c);
}
