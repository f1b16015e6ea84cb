/*
 * seek.c - a sorted table of paths, each a file, or a folder of which every file counts.
 */
#include "trust/seek.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct sought {
	char *path;
	enum wanted what;
	bool folder, hidden;
};

void seek_done(struct seek *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->at[i].path);
	free(s->at);
	*s = (struct seek){ 0 };
}

static size_t place(const struct seek *s, const char *path)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->at[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct sought *find(const struct seek *s, const char *path)
{
	size_t i = place(s, path);

	return i < s->n && strcmp(s->at[i].path, path) == 0 ? &s->at[i] : NULL;
}

/* The folder that path is directly in, if it is sought. */
static const struct sought *folder_of(const struct seek *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[TREE_PATH_MAX];
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;
	const struct sought *found;

	if (n == 0 || n >= sizeof(folder))
		return NULL;
	memcpy(folder, path, n);
	folder[n] = '\0';
	found = find(s, folder);
	return found != NULL && found->folder ? found : NULL;
}

enum wanted seek_what(const struct seek *s, const char *path, bool *hidden)
{
	enum wanted what = wanted_path(path);
	const struct sought *found;

	*hidden = false;
	if (what != WANTED_NOT || s->n == 0)
		return what;
	found = find(s, path);
	if (found == NULL || found->folder)
		found = folder_of(s, path);
	if (found == NULL || (found->folder && wanted_is_list(path)))
		return WANTED_NOT;
	*hidden = found->hidden;
	return found->what;
}

bool seek_is_way(const struct seek *s, const char *path)
{
	char below[TREE_PATH_MAX + 1];
	size_t i, n = strlen(path);

	if (wanted_is_way(path))
		return true;
	if (s->n == 0 || n >= TREE_PATH_MAX)
		return false;
	if (find(s, path) != NULL || folder_of(s, path) != NULL)
		return true;
	memcpy(below, path, n);
	memcpy(below + n, "/", 2);
	i = place(s, below);
	return i < s->n && strncmp(s->at[i].path, below, n + 1) == 0;
}

static void add(struct seek *s, const char *path, enum wanted what, bool folder,
		bool hidden)
{
	size_t i = place(s, path);

	if (*path == '\0' || find(s, path) != NULL)
		return;
	if (s->n == SEEK_MAX) {
		s->full = true;
		return;
	}
	if (s->n == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 16;
		s->at = mem_grow(s->at, s->room * sizeof(s->at[0]));
	}
	memmove(&s->at[i + 1], &s->at[i], (s->n - i) * sizeof(s->at[0]));
	s->at[i] = (struct sought){ mem_dup(path), what, folder, hidden };
	s->n++;
}

void seek_hard(struct seek *s, const char *path, enum wanted what)
{
	add(s, path, what, false, true);
}

/* Where path leads, if it is another place that nobody has looked at. */
static void add_end(struct seek *s, const struct tree *t, const char *path,
		    enum wanted what, bool folder)
{
	char end[TREE_PATH_MAX];
	bool hidden;

	if (tree_resolve(t, path, true, end) == 0 && strcmp(end, path) != 0 &&
	    tree_find(t, end) == NULL && seek_what(s, end, &hidden) == WANTED_NOT)
		add(s, end, what, folder, false);
}

void seek_links(struct seek *s, const struct tree *t)
{
	size_t i, known = s->n;
	const char *path;
	unsigned k;

	for (k = 0; t->ways > 0 && (path = wanted_at(k)) != NULL; k++)
		if (wanted_path(path) == WANTED_NOT)
			add_end(s, t, path, WANTED_DPKG, true);
		else
			add_end(s, t, path, wanted_path(path), false);
	for (i = 0; i < t->n; i++)
		if (t->at[i]->link != NULL && t->at[i]->what != WANTED_NOT)
			add_end(s, t, t->at[i]->path, t->at[i]->what, false);
	if (t->ways == 0 || known == 0)
		return;
	/* The ways to what was sought before may be links too. A copy: the table moves.
	 */
	struct seek before = { 0 };

	for (i = 0; i < s->n; i++)
		add(&before, s->at[i].path, s->at[i].what, s->at[i].folder,
		    s->at[i].hidden);
	for (i = 0; i < before.n; i++)
		add_end(s, t, before.at[i].path, before.at[i].what, before.at[i].folder);
	seek_done(&before);
}
