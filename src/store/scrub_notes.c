/*
 * scrub_notes.c - what larder has noted of one repository, and of manifests' types. Wrong
 * notes go: all they said is found out again.
 */
#include "store/scrub_impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/history_file.h"
#include "store/keep.h"
#include "store/mstore.h"
#include "store/note.h"
#include "store/tag.h"
#include "store/walk.h"

#define LIST_MAX (8u << 20)

static const char *const algs[] = { "sha256", "sha512" };

static void drop_note(struct scrub *r, const char *path, enum scrub_kind kind,
		      const char *why)
{
	bool did = !r->ask->look && fs_unlink(r->s->dirfd, path, NULL) == 0;

	scrub_tell(r, kind, scrub_mended(r, did), false, path, why);
}

static int look_at_check(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct scrub *r = arg;
	struct reference ref;
	layout_path path;
	struct digest d;
	int64_t ms;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest)
		return scrub_step(r, e);
	layout_tag_check(path, r->name, tag);
	if (tag_check_get(r->s, r->name, tag, &d, &ms, NULL) != 0 &&
	    faccessat(r->s->dirfd, path, F_OK, 0) == 0)
		drop_note(r, path, SCRUB_NOTE, "the note of a tag's check is torn");
	return scrub_step(r, e);
}

static int look_at_list(void *arg, const struct digest *d, struct err *e)
{
	struct scrub *r = arg;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LIST_MAX);
	layout_path path;
	struct err why;

	layout_referrers_note(path, r->name, d);
	if (note_read(r->s, path, &text, &why) != 0 && why.kind == ERR_CORRUPT)
		drop_note(r, path, SCRUB_NOTE, "the note of an upstream's list is torn");
	return scrub_step(r, e);
}

struct subject {
	struct scrub *r;
	const struct digest *digest;
};

static bool is_about(struct scrub *r, const struct digest *d,
		     const struct digest *subject)
{
	struct manifest doc;
	struct stored *m;
	bool yes = true;

	if (mstore_peek(r->s, r->name, d, &m, NULL) != 0)
		return true; /* who knows */
	if (manifest_parse((struct view){ m->body, m->n }, &doc, NULL) == 0) {
		yes = doc.has_subject && digest_equal(&doc.subject, subject);
		manifest_done(&doc);
	}
	stored_unref(m);
	return yes;
}

static int look_at_referrer(void *arg, int dirfd, const char *name, struct err *e)
{
	struct subject *w = arg;
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct digest d;
	char *dash;

	if (strlen(name) >= sizeof(text))
		return scrub_step(w->r, e);
	memcpy(text, name, strlen(name) + 1);
	dash = strchr(text, '-');
	if (dash != NULL)
		*dash = ':';
	if (digest_parse(view_of(text), &d, NULL) != 0 || is_about(w->r, &d, w->digest))
		return scrub_step(w->r, e);
	layout_referrer(path, w->r->name, w->digest, &d);
	drop_note(w->r, path, SCRUB_REFERRER,
		  "the manifest is about another than the note says");
	return scrub_step(w->r, e);
}

static int look_at_subject(void *arg, const struct digest *d, struct err *e)
{
	struct subject w = { arg, d };
	layout_path path;
	struct err why = { 0 };

	layout_referrers(path, w.r->name, d);
	if (fs_each(w.r->s->dirfd, path, look_at_referrer, &w, &why) == 0 ||
	    why.kind != ERR_CANCELLED)
		return 0;
	*e = why;
	return -1;
}

int scrub_notes(struct scrub *r, struct err *e)
{
	struct err why = { 0 };
	layout_path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++) {
		layout_subjects(path, r->name, algs[i]);
		if (walk_digests(r->s, path, algs[i], look_at_subject, r, e) != 0)
			return -1;
		layout_referrers_notes(path, r->name, algs[i]);
		if (walk_digests(r->s, path, algs[i], look_at_list, r, e) != 0)
			return -1;
	}
	layout_tag_checks(path, r->name);
	if (fs_each(r->s->dirfd, path, look_at_check, r, &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

/* A type is noted before its manifest comes. */
static bool is_lonely(struct scrub *r, const struct digest *d, const char *path)
{
	struct stat st;
	int64_t now_ms;

	return !blob_exists(r->s, d, NULL) && scrub_wounds_find(r, d) == NULL &&
	       keep_now(r->s, &now_ms, NULL) == 0 &&
	       fstatat(r->s->dirfd, path, &st, 0) == 0 &&
	       now_ms - (int64_t)st.st_mtim.tv_sec * 1000 > KEEP_MS;
}

static int look_at_type(void *arg, const struct digest *d, struct err *e)
{
	struct scrub *r = arg;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(MEDIATYPE_MAX);
	layout_path path;
	struct err why;

	layout_type(path, d);
	if (note_read(r->s, path, &text, &why) != 0) {
		if (why.kind == ERR_CORRUPT || why.kind == ERR_LIMIT)
			drop_note(r, path, SCRUB_NOTE,
				  "the note of a manifest's type is torn");
	} else if (is_lonely(r, d, path)) {
		drop_note(r, path, SCRUB_NOTE, "its manifest is gone");
	}
	return scrub_step(r, e);
}

int scrub_notes_types(struct scrub *r, struct err *e)
{
	layout_path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++) {
		snprintf(path, sizeof(path), LAYOUT_TYPES "/%s", algs[i]);
		if (walk_digests(r->s, path, algs[i], look_at_type, r, e) != 0)
			return -1;
	}
	return 0;
}

static int look_at_history(void *arg, const struct reponame *name, const char *tag,
			   struct err *e)
{
	struct scrub *r = arg;
	CLEANUP(history_done)
	struct history h = { 0 };
	layout_path path;
	struct err why;

	if (history_file_read(r->s, name, tag, &h, &why) != 0 &&
	    why.kind == ERR_CORRUPT) {
		layout_history(path, name, tag);
		drop_note(r, path, SCRUB_NOTE,
			  "the history of a tag is torn; what the tag's links tell of it "
			  "is what is left");
	}
	return scrub_step(r, e);
}

int scrub_notes_histories(struct scrub *r, struct err *e)
{
	return history_file_each(r->s, look_at_history, r, e);
}
