/*
 * removal.c - renames, then an fsync of each directory that had one, then the removing.
 */
#include "base/removal.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"

#define GROW 64
#define AWAY_MAX 512

struct taken {
	char *path, *away;
};

struct removal {
	int dirfd;
	const char *tmpdir, *stop;
	struct taken *taken;
	size_t n;
};

struct removal *removal_new(int dirfd, const char *tmpdir, const char *stop)
{
	struct removal *r = mem_alloc(sizeof(*r));

	r->dirfd = dirfd;
	r->tmpdir = tmpdir;
	r->stop = stop;
	return r;
}

static void forget(struct removal *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->taken[i].path);
		free(r->taken[i].away);
	}
	r->n = 0;
}

void removal_free(struct removal *r)
{
	if (r == NULL)
		return;
	forget(r);
	free(r->taken);
	free(r);
}

int removal_take(struct removal *r, const char *path, struct err *e)
{
	char away[AWAY_MAX];

	if (fs_take_away(r->dirfd, path, r->tmpdir, away, sizeof(away), e) != 0)
		return -1;
	if (r->n % GROW == 0)
		r->taken = mem_grow(r->taken, (r->n + GROW) * sizeof(*r->taken));
	r->taken[r->n++] = (struct taken){ mem_dup(path), mem_dup(away) };
	return 0;
}

static size_t parent_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool same_parent(const struct taken *a, const struct taken *b)
{
	size_t n = parent_bytes(a->path);

	return parent_bytes(b->path) == n && memcmp(a->path, b->path, n) == 0;
}

/* Those of one directory beside each other. */
static int by_parent(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;
	size_t nx = parent_bytes(x->path), ny = parent_bytes(y->path);
	int rc = memcmp(x->path, y->path, nx < ny ? nx : ny);

	return rc != 0 ? rc : (nx > ny) - (nx < ny);
}

static void prune(struct removal *r, char *path)
{
	size_t n = parent_bytes(path);

	if (n == 0)
		return;
	path[n] = '\0';
	fs_prune(r->dirfd, path, r->stop);
}

int removal_last(struct removal *r, struct err *e)
{
	size_t i;

	if (r->n > 0)
		qsort(r->taken, r->n, sizeof(*r->taken), by_parent);
	for (i = 0; i < r->n; i++)
		if ((i == 0 || !same_parent(&r->taken[i - 1], &r->taken[i])) &&
		    fs_sync_nearest(r->dirfd, r->taken[i].path, e) != 0) {
			forget(r);
			return -1;
		}
	for (i = 0; i < r->n; i++) {
		fs_remove_tree(r->dirfd, r->taken[i].away);
		if (i + 1 == r->n || !same_parent(&r->taken[i], &r->taken[i + 1]))
			prune(r, r->taken[i].path);
	}
	forget(r);
	return 0;
}
