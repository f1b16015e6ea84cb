/*
 * export_about.c - what the other side has, and what is about an image. No state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "carry/export_impl.h"
#include "store/link.h"
#include "store/list.h"
#include "store/referrers.h"
#include "store/tag.h"

#define LIST_BYTES (8u << 20)
#define MOST_DEPTH 8 /* of indexes within indexes */

static int note(struct map *have, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (map_put(have, text, have) != 0)
		return err_set(e, ERR_LIMIT, "--since: more than %d blobs",
			       EXPORT_MAX_BLOBS);
	return 0;
}

/* A manifest is noted before its blobs, so that it is read once. */
static int note_all(struct map *have, struct bundle *b, const struct digest *d,
		    unsigned depth, struct err *e)
{
	struct manifest parsed;
	char text[DIGEST_TEXT_MAX];
	struct stored *m;
	int rc = 0;
	size_t i;

	digest_text(d, text);
	if (depth > MOST_DEPTH || map_get(have, text) != NULL ||
	    bundle_manifest(b, d, &m, NULL) != 0)
		return 0; /* an index need not have all its manifests */
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		rc = note(have, d, e);
		for (i = 0; i < parsed.nchildren && rc == 0; i++)
			rc = parsed.child[i].is_manifest
				     ? note_all(have, b, &parsed.child[i].digest,
						depth + 1, e)
				     : note(have, &parsed.child[i].digest, e);
		manifest_done(&parsed);
	}
	stored_unref(m);
	return rc;
}

int export_about_since(struct map *have, struct bundle *b, struct err *e)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (!b->image[i].is_bad &&
		    note_all(have, b, &b->image[i].digest, 0, e) != 0)
			return -1;
	return 0;
}

struct about {
	struct store *s;
	const struct reponame *repo;
	int (*add)(void *arg, const struct digest *d, const char *tag, struct err *e);
	void *arg;
};

static int add_manifest(const struct about *x, const char *text, struct err *e)
{
	struct digest d;

	if (digest_parse(view_of(text), &d, NULL) != 0 ||
	    !link_exists(x->s, LINK_REVISION, x->repo, &d))
		return 0;
	return x->add(x->arg, &d, NULL, e);
}

/* As an upstream told it: for each the artifact type, then its JSON. */
static int add_noted(const struct about *x, const struct digest *subject, struct err *e)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(LIST_BYTES);
	int64_t checked_ms;
	const char *at;
	int rc = 0;

	if (!referrers_noted(x->s, x->repo, subject, &list, &checked_ms))
		return 0;
	at = buf_str(&list);
	while (at < buf_str(&list) + list.n && rc == 0) {
		struct json *doc;
		const char *digest;

		at += strlen(at) + 1;
		if (at >= buf_str(&list) + list.n)
			break;
		doc = json_parse(view_of(at), NULL);
		digest = json_get_str(doc, "digest");
		rc = digest != NULL ? add_manifest(x, digest, e) : 0;
		json_free(doc);
		at += strlen(at) + 1;
	}
	return rc;
}

/* "sha256-<hex>.sig" and its like, as cosign has them, and the list of clients. */
static int add_tags(const struct about *x, const struct digest *subject, struct err *e)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(LIST_MAX_BYTES);
	char hex[DIGEST_HEX_MAX], prefix[TAG_MAX_BYTES + 1];
	const char *tag;
	struct digest d;
	size_t n;
	bool more;

	digest_hex(subject, hex);
	n = (size_t)snprintf(prefix, sizeof(prefix), "%s-%s", digest_alg(subject), hex);
	if (n >= sizeof(prefix) ||
	    list_tags(x->s, x->repo, "", SIZE_MAX, &tags, &more, NULL) != 0)
		return 0;
	for (tag = buf_str(&tags); tag < buf_str(&tags) + tags.n; tag += strlen(tag) + 1)
		if (strncmp(tag, prefix, n) == 0 && (tag[n] == '\0' || tag[n] == '.') &&
		    tag_get(x->s, x->repo, tag, &d, NULL) == 0 &&
		    x->add(x->arg, &d, tag, e) != 0)
			return -1;
	return 0;
}

int export_about_each(struct store *s, const struct reponame *repo,
		      const struct digest *subject,
		      int (*add)(void *arg, const struct digest *d, const char *tag,
				 struct err *e),
		      void *arg, struct err *e)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(LIST_BYTES);
	const struct about x = { s, repo, add, arg };
	const char *at;

	if (referrers_list(s, repo, subject, &list, e) != 0)
		return -1;
	for (at = buf_str(&list); at < buf_str(&list) + list.n; at += strlen(at) + 1)
		if (add_manifest(&x, at, e) != 0)
			return -1;
	return add_noted(&x, subject, e) != 0 ? -1 : add_tags(&x, subject, e);
}
