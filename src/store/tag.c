/*
 * tag.c - tag links in registry:2's layout, and larder's own check notes
 * ("<digest> <milliseconds>\n").
 */
#include "store/tag.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/note.h"

#define NOTE_MAX 256

int tag_get(struct store *s, const struct reponame *name, const char *tag,
	    struct digest *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(NOTE_MAX);
	layout_path path;
	struct err why;

	layout_tag(path, name, tag);
	if (fs_read(s->dirfd, path, &text, &why) != 0 && why.kind != ERR_LIMIT) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (digest_parse(view_trim(buf_view(&text)), out, NULL) == 0)
		return 0;
	store_torn(s, path);
	return err_set(e, ERR_CORRUPT, "the tag %s of %s is torn; push or pull it again",
		       tag, name->s);
}

int tag_set(struct store *s, const struct reponame *name, const char *tag,
	    const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	layout_path path;

	digest_text(d, text);
	layout_tag_index(path, name, tag, d);
	if (fs_write(s->dirfd, LAYOUT_TMP, path, text, strlen(text), true, e) != 0)
		return -1;
	layout_tag(path, name, tag);
	return fs_write(s->dirfd, LAYOUT_TMP, path, text, strlen(text), true, e);
}

int64_t tag_time(struct store *s, const struct reponame *name, const char *tag)
{
	layout_path path;
	struct stat st;

	layout_tag_folder(path, name, tag);
	if (fstatat(s->dirfd, path, &st, 0) != 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int removed(int rc, const struct err *why, const struct reponame *name,
		   const char *tag, struct err *e)
{
	if (rc == 0)
		return 0;
	if (why->kind == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "%s has no tag %s", name->s, tag);
	if (e != NULL)
		*e = *why;
	return -1;
}

int tag_remove(struct store *s, const struct reponame *name, const char *tag,
	       struct err *e)
{
	layout_path path;
	struct err why;
	int rc;

	layout_tag_folder(path, name, tag);
	rc = fs_remove_dir(s->dirfd, path, LAYOUT_TMP, &why);
	return removed(rc, &why, name, tag, e);
}

int tag_drop(struct store *s, const struct reponame *name, const char *tag,
	     struct removal *r, struct err *e)
{
	layout_path path;
	struct err why;
	int rc;

	layout_tag_folder(path, name, tag);
	rc = removal_take(r, path, &why);
	return removed(rc, &why, name, tag, e);
}

/* Outputs are set only where the whole note is as tag_check_set writes it. */
static bool read_note(const char *note, struct digest *digest, int64_t *checked_ms)
{
	const char *space = strchr(note, ' ');
	struct digest d;
	long long ms;
	char *end;

	if (space == NULL || space[1] < '0' || space[1] > '9' ||
	    digest_parse((struct view){ note, (size_t)(space - note) }, &d, NULL) != 0)
		return false;
	errno = 0;
	ms = strtoll(space + 1, &end, 10);
	if (errno != 0 || strcmp(end, "\n") != 0)
		return false;
	*digest = d;
	*checked_ms = ms;
	return true;
}

int tag_check_get(struct store *s, const struct reponame *name, const char *tag,
		  struct digest *digest, int64_t *checked_ms, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(NOTE_MAX);
	layout_path path;

	layout_tag_check(path, name, tag);
	if (note_read(s, path, &text, NULL) != 0 ||
	    !read_note(buf_str(&text), digest, checked_ms))
		return err_set(e, ERR_NOT_FOUND, "%s is not readable", path);
	return 0;
}

int tag_check_set(struct store *s, const struct reponame *name, const char *tag,
		  const struct digest *digest, int64_t checked_ms, struct err *e)
{
	char text[DIGEST_TEXT_MAX], note[NOTE_MAX];
	layout_path path;
	int n;

	digest_text(digest, text);
	n = snprintf(note, sizeof(note), "%s %lld\n", text, (long long)checked_ms);
	layout_tag_check(path, name, tag);
	return note_write(s, path, (struct view){ note, (size_t)n }, false, e);
}
