/*
 * tree.c - walking. A folder's names are read whole, sorted, and then looked at, so that
 * no more than one folder a level is open.
 */
#include "discover/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "discover/kind.h"
#include "discover/paths.h"

struct names {
	char **v;
	size_t n;
};

struct walk {
	const struct tree *t;
	struct map *seen; /* "device inode" of files */
	struct names links;
	char *top; /* the root, without links */
};

static void names_add(struct names *l, const char *name)
{
	if ((l->n & (l->n - 1)) == 0) /* room for twice as many */
		l->v = mem_grow(l->v, (l->n > 0 ? 2 * l->n : 1) * sizeof(char *));
	l->v[l->n++] = mem_dup(name);
}

static void names_done(struct names *l)
{
	while (l->n > 0)
		free(l->v[--l->n]);
	free(l->v);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(const struct tree *t, const char *path, struct names *out,
		      struct err *e)
{
	int fd = fs_open_dir(AT_FDCWD, path[0] != '\0' ? path : ".", e);
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return err_errno(e, "cannot read %s", path);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (*t->entries == 0)
			rc = err_set(e, ERR_LIMIT, "more than %zu files and folders",
				     t->max_entries);
		else
			--*t->entries;
		names_add(out, d->d_name);
	}
	closedir(dir);
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(char *), by_name);
	return rc;
}

static char *identity(const struct stat *st)
{
	return mem_fmt("%ju %ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
}

static int take_file(struct walk *w, const char *path, const struct stat *st,
		     struct err *e)
{
	CLEANUP(mem_freep)
	char *id = identity(st);

	map_put(w->seen, id, w);
	return w->t->file(w->t->arg, path, e);
}

static int walk_folder(struct walk *w, const char *path, unsigned depth, struct err *e);

static int take_entry(struct walk *w, const char *path, unsigned depth, struct err *e)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0; /* gone meanwhile */
	if (S_ISREG(st.st_mode))
		return take_file(w, path, &st, e);
	if (S_ISLNK(st.st_mode))
		names_add(&w->links, path);
	if (!S_ISDIR(st.st_mode) || kind_passed_over(paths_name(path)))
		return 0;
	return walk_folder(w, path, depth + 1, e);
}

static int walk_folder(struct walk *w, const char *path, unsigned depth, struct err *e)
{
	CLEANUP(names_done)
	struct names names = { 0 };
	struct err why = { 0 };
	size_t i;

	if (depth > w->t->max_depth) {
		err_set(&why, ERR_LIMIT, "more than %u folders within folders",
			w->t->max_depth);
		return w->t->refused(w->t->arg, path, &why, e);
	}
	if (read_names(w->t, path, &names, &why) != 0) {
		if (why.kind == ERR_LIMIT)
			return err_set(e, ERR_LIMIT, "%s", why.msg);
		return w->t->refused(w->t->arg, path, &why, e);
	}
	for (i = 0; i < names.n; i++) {
		CLEANUP(mem_freep)
		char *below = paths_join(path, names.v[i]);

		if (take_entry(w, below, depth, e) != 0)
			return -1;
	}
	return 0;
}

/* A link to a file within the tree that goes by no other name that was given. */
static int take_link(struct walk *w, const char *path, struct err *e)
{
	CLEANUP(mem_freep)
	char *target = realpath(path, NULL);
	CLEANUP(mem_freep)
	char *id = NULL;
	struct stat st;

	if (target == NULL || w->top == NULL || !paths_within(w->top, target) ||
	    fstatat(AT_FDCWD, target, &st, 0) != 0 || !S_ISREG(st.st_mode))
		return 0;
	id = identity(&st);
	/* One that has a name of a kind itself is read by that. */
	if (map_get(w->seen, id) != NULL && kind_of(target) != KIND_NONE)
		return 0;
	return w->t->file(w->t->arg, path, e);
}

int tree_walk(const struct tree *t, const char *root, struct err *e)
{
	struct walk w = { .t = t, .seen = map_new(t->max_entries) };
	int rc;
	size_t i;

	w.top = realpath(root[0] != '\0' ? root : ".", NULL);
	rc = walk_folder(&w, root, 0, e);
	for (i = 0; i < w.links.n && rc == 0; i++)
		rc = take_link(&w, w.links.v[i], e);
	names_done(&w.links);
	map_free(w.seen, NULL);
	free(w.top);
	return rc;
}
