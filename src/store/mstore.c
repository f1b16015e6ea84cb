/*
 * mstore.c - reading and storing manifests.
 */
#include "store/mstore.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/loose.h"
#include "store/note.h"

/* Can it be a header's value? */
static bool is_text(struct view v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] < ' ' || v.p[i] > '~')
			return false;
	return v.n > 0;
}

/* The Content-Type kept beside the bytes, or the one they tell. */
static int find_type(struct store *s, const struct digest *d, struct view body,
		     char out[MEDIATYPE_MAX], struct err *e)
{
	CLEANUP(buf_done)
	struct buf kept = BUF_INIT(MEDIATYPE_MAX - 1);
	struct manifest parsed;
	layout_path path;

	layout_type(path, d);
	if (note_read(s, path, &kept, NULL) == 0 && is_text(buf_view(&kept))) {
		memcpy(out, kept.p, kept.n + 1);
		return 0;
	}
	if (manifest_parse(body, &parsed, e) != 0)
		return -1;
	memcpy(out, parsed.media_type, MEDIATYPE_MAX);
	manifest_done(&parsed);
	return 0;
}

static int read_stored(struct store *s, const struct digest *d, struct stored **out,
		       struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	char text[DIGEST_TEXT_MAX], type[MEDIATYPE_MAX];
	struct digest real;
	layout_path path;
	struct err why;

	layout_blob(path, d);
	if (fs_read(s->dirfd, path, &body, e) != 0)
		return -1;
	digest_text(d, text);
	digest_of(d->alg, body.p, body.n, &real);
	if (!digest_equal(&real, d))
		return err_set(e, ERR_CORRUPT,
			       "stored manifest %s does not match its digest", text);
	if (find_type(s, d, buf_view(&body), type, &why) != 0)
		return err_set(e, ERR_CORRUPT, "stored manifest %s: %s", text, why.msg);
	*out = stored_new(d, type, buf_view(&body));
	return 0;
}

int mstore_load(struct store *s, const struct digest *d, struct stored **out,
		struct err *e)
{
	*out = mcache_get(s->mcache, d);
	if (*out != NULL)
		return 0;
	if (read_stored(s, d, out, e) != 0)
		return -1;
	mcache_put(s->mcache, *out);
	return 0;
}

static int not_in(const struct reponame *name, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	return err_set(e, ERR_NOT_FOUND, "manifest %s is not in %s", text, name->s);
}

int mstore_get(struct store *s, const struct reponame *name, const struct digest *d,
	       struct stored **out, struct err *e)
{
	if (!link_exists(s, LINK_REVISION, name, d))
		return not_in(name, d, e);
	return mstore_load(s, d, out, e);
}

int mstore_parsed(struct store *s, const struct reponame *name, const struct digest *d,
		  struct manifest *out, size_t *bytes, struct err *e)
{
	struct stored *m;
	int rc;

	if (mstore_get(s, name, d, &m, e) != 0)
		return -1;
	if (bytes != NULL)
		*bytes = m->n;
	rc = manifest_parse((struct view){ m->body, m->n }, out, e);
	stored_unref(m);
	return rc;
}

int mstore_peek(struct store *s, const struct reponame *name, const struct digest *d,
		struct stored **out, struct err *e)
{
	if (!link_exists(s, LINK_REVISION, name, d))
		return not_in(name, d, e);
	return read_stored(s, d, out, e);
}

/* Before the bytes, so that they are never there with another type than they came with.
 */
static int keep_type(struct store *s, const struct stored *m,
		     const struct manifest *parsed, struct err *e)
{
	layout_path path;
	struct stat st;

	layout_type(path, &m->digest);
	if (strcmp(m->media_type, parsed->media_type) ==
	    0) /* another may have said otherwise */
		return fstatat(s->dirfd, path, &st, 0) == 0 ? fs_remove(s->dirfd, path, e)
							    : 0;
	return note_write(s, path, view_of(m->media_type), true, e);
}

int mstore_push(struct store *s, const struct reponame *name, struct stored *m,
		const struct manifest *parsed, struct err *e)
{
	if (keep_type(s, m, parsed, e) != 0 ||
	    blob_put(s, &m->digest, m->body, m->n, e) != 0 ||
	    link_add(s, LINK_REVISION, name, &m->digest, true, e) != 0)
		return -1;
	/* The disk may have taken so long over the link that a collection which did not
	 * see it has swept what was there before. Now all see it. */
	if (!keep_blob(s, &m->digest) && (keep_type(s, m, parsed, e) != 0 ||
					  blob_put(s, &m->digest, m->body, m->n, e) != 0))
		return -1;
	mcache_put(s->mcache, m);
	return 0;
}

int mstore_put(struct store *s, const struct reponame *name, struct stored *m,
	       const struct manifest *parsed, struct err *e)
{
	size_t i;

	for (i = 0; i < parsed->nchildren; i++) {
		const struct digest *d = &parsed->child[i].digest;

		if (parsed->child[i].is_manifest)
			(void)keep_blob(s, d);
		else if (loose_link(s, name, d, e) != 0)
			return -1;
	}
	return mstore_push(s, name, m, parsed, e);
}
