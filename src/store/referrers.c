/*
 * referrers.c - notes of referrers, and those that clients keep themselves.
 */
#include "store/referrers.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "oci/referrer.h"
#include "store/layout.h"
#include "store/mstore.h"
#include "store/note.h"
#include "store/tag.h"

int referrers_add(struct store *s, const struct reponame *name,
		  const struct digest *subject, const struct digest *referrer,
		  struct err *e)
{
	layout_path path;

	layout_referrer(path, name, subject, referrer);
	return fs_write(s->dirfd, LAYOUT_TMP, path, "", 0, true, e);
}

int referrers_remove(struct store *s, const struct reponame *name,
		     const struct digest *subject, const struct digest *referrer,
		     struct err *e)
{
	layout_path path;

	layout_referrer(path, name, subject, referrer);
	return fs_unlink(s->dirfd, path, e);
}

static int add_digest(struct buf *out, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (buf_add(out, text, strlen(text) + 1) != 0)
		return err_set(e, ERR_LIMIT, "the list of referrers is too long");
	return 0;
}

/* "<algorithm>-<hex>"; what is no digest is not ours. */
static int take_note(void *arg, int dirfd, const char *file, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	char *dash;

	if (strlen(file) >= sizeof(text))
		return 0;
	memcpy(text, file, strlen(file) + 1);
	dash = strchr(text, '-');
	if (dash != NULL)
		*dash = ':';
	return digest_parse(view_of(text), &d, NULL) == 0 ? add_digest(arg, &d, e) : 0;
}

static int take_listed(const struct stored *list, struct buf *out, struct err *e)
{
	struct manifest parsed;
	int rc = 0;
	size_t i;

	if (manifest_parse((struct view){ list->body, list->n }, &parsed, NULL) != 0)
		return 0;
	for (i = 0; i < parsed.nchildren && rc == 0; i++)
		if (parsed.child[i].is_manifest)
			rc = add_digest(out, &parsed.child[i].digest, e);
	manifest_done(&parsed);
	return rc;
}

int referrers_list(struct store *s, const struct reponame *name,
		   const struct digest *subject, struct buf *out, struct err *e)
{
	char tag[TAG_MAX_BYTES + 1];
	struct stored *list;
	struct digest at;
	layout_path path;
	struct err why;
	int rc;

	layout_referrers(path, name, subject);
	if (fs_each(s->dirfd, path, take_note, out, &why) != 0 &&
	    why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	referrer_tag(subject, tag);
	if (tag_get(s, name, tag, &at, NULL) != 0 ||
	    mstore_get(s, name, &at, &list, NULL) != 0)
		return 0;
	rc = take_listed(list, out, e);
	stored_unref(list);
	return rc;
}

/* "<milliseconds> <bytes>\n", then the list. */
int referrers_note(struct store *s, const struct reponame *name,
		   const struct digest *subject, struct view list, int64_t checked_ms,
		   struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(list.n + 64);
	layout_path path;

	layout_referrers_note(path, name, subject);
	buf_addf(&text, "%lld %zu\n", (long long)checked_ms, list.n);
	buf_add(&text, list.p, list.n);
	return note_write(s, path, buf_view(&text), false, e);
}

bool referrers_noted(struct store *s, const struct reponame *name,
		     const struct digest *subject, struct buf *out, int64_t *checked_ms)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(out->limit + 64);
	layout_path path;
	long long ms;
	size_t bytes;
	int head = 0;

	layout_referrers_note(path, name, subject);
	if (note_read(s, path, &text, NULL) != 0 ||
	    sscanf(buf_str(&text), "%lld %zu\n%n", &ms, &bytes, &head) != 2 ||
	    head == 0 || text.n != (size_t)head + bytes ||
	    buf_add(out, text.p + head, bytes) != 0)
		return false;
	*checked_ms = ms;
	return true;
}
