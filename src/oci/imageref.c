/*
 * imageref.c - reading and writing image references. No state.
 */
#include "oci/imageref.h"

#include <stdio.h>
#include <string.h>

/* What an error shows of a text that may be anything. */
#define SHOWN 120

static int bad(struct view text, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID, "\"%.*s\" is no image: %s",
		       (int)(text.n < SHOWN ? text.n : SHOWN), text.p, why);
}

static const char *find(struct view v, char c)
{
	return v.n > 0 ? memchr(v.p, c, v.n) : NULL;
}

static struct view before(struct view v, const char *end)
{
	return (struct view){ v.p, (size_t)(end - v.p) };
}

static struct view after(struct view v, const char *sep)
{
	return (struct view){ sep + 1, v.n - (size_t)(sep + 1 - v.p) };
}

static bool is_host(struct view first)
{
	return find(first, '.') != NULL || find(first, ':') != NULL ||
	       view_is(first, "localhost");
}

/* The last colon is a tag's, unless it is a port's. */
static const char *tag_colon(struct view v)
{
	size_t i;

	for (i = v.n; i > 0 && v.p[i - 1] != '/'; i--)
		if (v.p[i - 1] == ':')
			return v.p + i - 1;
	return NULL;
}

static int read_ends(struct view text, struct view *rest, struct imageref *r,
		     struct err *e)
{
	const char *at = find(text, '@'), *colon;
	struct reference ref;
	struct err why;

	*rest = text;
	if (at != NULL) {
		if (digest_parse(after(text, at), &r->digest, &why) != 0)
			return bad(text, why.msg, e);
		r->has_digest = true;
		*rest = before(text, at);
	}
	colon = tag_colon(*rest);
	if (colon != NULL) {
		if (reference_parse(after(*rest, colon), &ref, &why) != 0)
			return bad(text, why.msg, e);
		memcpy(r->tag, ref.tag, sizeof(r->tag));
		*rest = before(*rest, colon);
	} else if (at == NULL) {
		snprintf(r->tag, sizeof(r->tag), "latest");
	}
	return 0;
}

int imageref_parse(struct view text, struct imageref *out, struct err *e)
{
	struct imageref r = { .has_digest = false };
	const char *slash;
	struct view rest;
	struct err why;

	if (read_ends(text, &rest, &r, e) != 0)
		return -1;
	slash = find(rest, '/');
	if (slash != NULL && is_host(before(rest, slash))) {
		if (registry_host_parse(before(rest, slash), r.host, &why) != 0)
			return bad(text, why.msg, e);
		rest = after(rest, slash);
	}
	if (reponame_parse(rest, &r.name, &why) != 0)
		return bad(text, why.msg, e);
	*out = r;
	return 0;
}

void imageref_name(const struct imageref *r, char out[IMAGEREF_TEXT_MAX])
{
	snprintf(out, IMAGEREF_TEXT_MAX, "%s%s%s", r->host, r->host[0] != '\0' ? "/" : "",
		 r->name.s);
}

void imageref_text(const struct imageref *r, char out[IMAGEREF_TEXT_MAX])
{
	char digest[DIGEST_TEXT_MAX] = "";
	size_t n;

	if (r->has_digest)
		digest_text(&r->digest, digest);
	imageref_name(r, out);
	n = strlen(out);
	snprintf(out + n, IMAGEREF_TEXT_MAX - n, "%s%s%s%s", r->tag[0] != '\0' ? ":" : "",
		 r->tag, r->has_digest ? "@" : "", digest);
}

int imageref_canonical(const struct imageref *r, struct imageref *out, struct err *e)
{
	struct imageref c = *r;

	if (c.host[0] == '\0')
		snprintf(c.host, sizeof(c.host), "docker.io");
	/* Docker Hub's official images, as people write them. */
	if (strcmp(c.host, "docker.io") == 0 && strchr(c.name.s, '/') == NULL &&
	    (size_t)snprintf(c.name.s, sizeof(c.name.s), "library/%s", r->name.s) >=
		    sizeof(c.name.s))
		return err_set(e, ERR_INVALID, "%s: too long", r->name.s);
	*out = c;
	return 0;
}

struct reference imageref_reference(const struct imageref *r)
{
	struct reference ref = { .is_digest = r->has_digest, .digest = r->digest };

	if (!r->has_digest)
		memcpy(ref.tag, r->tag, sizeof(ref.tag));
	return ref;
}
