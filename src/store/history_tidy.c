/*
 * history_tidy.c - a walk through all histories. No state.
 */
#include "store/history_tidy.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/history_file.h"
#include "store/layout.h"
#include "store/link.h"

struct tidying {
	struct store *s;
	int64_t now_ms;
	uint64_t removed;
};

static bool leads_nowhere(struct store *s, const struct reponame *name,
			  const struct history *h)
{
	size_t i;

	if (!h->move[h->n - 1].gone)
		return false;
	for (i = 0; i < h->n; i++)
		if (!h->move[i].gone &&
		    link_exists(s, LINK_REVISION, name, &h->move[i].digest))
			return false;
	return true;
}

static int look_at(void *arg, const struct reponame *name, const char *tag, struct err *e)
{
	struct tidying *t = arg;
	CLEANUP(history_done)
	struct history h = { 0 };
	layout_path path;
	struct stat st;

	layout_tag_folder(path, name, tag);
	if (fstatat(t->s->dirfd, path, &st, 0) == 0 ||
	    history_file_read(t->s, name, tag, &h, NULL) != 0 ||
	    (t->now_ms - h.move[h.n - 1].ms <= HISTORY_TIDY_AFTER_MS &&
	     !leads_nowhere(t->s, name, &h)))
		return 0;
	layout_history(path, name, tag);
	if (fs_unlink(t->s->dirfd, path, NULL) == 0)
		t->removed++;
	layout_histories(path, name);
	fs_prune(t->s->dirfd, path, LAYOUT_HISTORY);
	return 0;
}

uint64_t history_tidy(struct store *s, int64_t now_ms)
{
	struct tidying t = { s, now_ms, 0 };

	history_file_each(s, look_at, &t, NULL);
	return t.removed;
}
