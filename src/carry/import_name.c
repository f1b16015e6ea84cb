/*
 * import_name.c - from what an archive calls an image to its place in the store. No
 * state.
 */
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"
#include "carry/import_impl.h"
#include "mirror/named.h"

/* A layout's reference may be a tag, which is no name, or all of a name. */
static bool is_whole_name(const char *ref)
{
	return ref != NULL && strpbrk(ref, "/:@") != NULL;
}

/* Where nothing is mirrored everything lives here, other registries' names under their
 * host, as a mirror would store them. */
static int find_place(struct plan *p, const struct imageref *r, struct route *out,
		      struct err *e)
{
	char text[sizeof(r->host) + NAME_MAX_BYTES + 2];
	struct imageref local = *r;
	char *colon;

	if (p->nsites > 0 || r->host[0] == '\0')
		return named_route(p, r, out, e);
	local.host[0] = '\0';
	if (strcmp(r->host, "docker.io") != 0) {
		snprintf(text, sizeof(text), "%s", r->host);
		colon = strrchr(text, ':');
		if (colon != NULL)
			*colon = '_';
		snprintf(text + strlen(text), NAME_MAX_BYTES + 2, "/%s", r->name.s);
		if (reponame_parse(view_of(text), &local.name, e) != 0)
			return -1;
	}
	return named_route(p, &local, out, e);
}

static int set_place(struct plan *p, const struct imageref *r, struct import_image *out,
		     struct err *e)
{
	char shown[ROUTE_SHOWN_MAX], digest[DIGEST_TEXT_MAX];
	struct route route;

	imageref_text(r, out->shown);
	if (find_place(p, r, &route, e) != 0)
		return e == NULL || e->kind != ERR_NOT_FOUND || r->host[0] == '\0'
			       ? -1
			       : err_set(e, ERR_NOT_FOUND,
					 "registry %s is not configured here: add it "
					 "below "
					 "larder.upstreams, or give the image another "
					 "name "
					 "(--name)",
					 r->host);
	out->repo = route.name;
	route_shown(&route, shown);
	route_done(&route);
	snprintf(out->tag, sizeof(out->tag), "%s", r->tag);
	digest_text(&out->digest, digest);
	snprintf(out->shown, sizeof(out->shown), "%s%s%s", shown,
		 r->tag[0] != '\0' ? ":" : "@", r->tag[0] != '\0' ? r->tag : digest);
	return 0;
}

/* With another name; its own tag stays, where the new one has none. */
static int renamed(const struct import_job *job, const char *own_tag, struct imageref *r,
		   struct err *e)
{
	CLEANUP(mem_freep)
	char *tag = mem_dup(own_tag); /* it may be r's */
	const char *tail = strrchr(job->rename, '/');
	bool has_tag = strchr(tail != NULL ? tail : job->rename, ':') != NULL;
	struct reference ref;

	if (imageref_parse(view_of(job->rename), r, e) != 0)
		return err_add(e, "--name");
	if (r->has_digest)
		return err_set(e, ERR_INVALID, "--name: a name has no digest");
	if (!has_tag && tag != NULL &&
	    (tag[0] == '\0' ||
	     (reference_parse(view_of(tag), &ref, NULL) == 0 && !ref.is_digest)))
		snprintf(r->tag, sizeof(r->tag), "%s", tag);
	return 0;
}

static int no_name(const struct bundle_image *from, struct import_image *out,
		   struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(&from->digest, text);
	snprintf(out->shown, sizeof(out->shown), "%s", text);
	if (from->ref == NULL)
		return err_set(e, ERR_INVALID,
			       "it has no name; say one with --name NAME:TAG");
	return err_set(e, ERR_INVALID,
		       "it has no name but the tag \"%.60s\"; say one with --name NAME",
		       from->ref);
}

int import_name(const struct import_job *job, const struct bundle_image *from,
		bool is_only, struct import_image *out, struct err *e)
{
	const char *text = from->name != NULL	      ? from->name
			   : is_whole_name(from->ref) ? from->ref
						      : NULL;
	struct imageref r = { .host = "" };

	if (from->is_placed) {
		out->repo = from->repo;
		snprintf(out->tag, sizeof(out->tag), "%s", from->tag);
		snprintf(out->shown, sizeof(out->shown), "%s%s%s", from->repo.s,
			 from->tag[0] != '\0' ? ":" : "", from->tag);
		return 0;
	}
	if (text != NULL && imageref_parse(view_of(text), &r, e) != 0) {
		snprintf(out->shown, sizeof(out->shown), "%.255s", text);
		human_clean(out->shown);
		return -1;
	}
	if (text != NULL && r.has_digest && !digest_equal(&r.digest, &from->digest)) {
		imageref_text(&r, out->shown);
		return err_set(e, ERR_CORRUPT, "its name has another digest than it has");
	}
	if (job->rename != NULL && (is_only || text == NULL)) {
		if (renamed(job, text != NULL ? r.tag : from->ref, &r, e) != 0)
			return -1;
	} else if (text == NULL) {
		return no_name(from, out, e);
	}
	return set_place(job->plan, &r, out, e);
}
