/*
 * find.c - the list of places. No lock: one thread.
 */
#include "discover/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

const char *find_kind_name(enum find_kind kind)
{
	static const char *const names[] = {
		[FIND_DOCKERFILE] = "dockerfile",
		[FIND_COMPOSE] = "compose",
		[FIND_KUBERNETES] = "kubernetes",
		[FIND_KUSTOMIZE] = "kustomize",
		[FIND_HELM] = "helm",
		[FIND_TEKTON] = "tekton",
		[FIND_GITHUB] = "github-actions",
		[FIND_GITLAB] = "gitlab-ci",
		[FIND_DEVCONTAINER] = "devcontainer",
		[FIND_SKAFFOLD] = "skaffold",
		[FIND_KANIKO] = "kaniko",
		[FIND_LIST] = "image-list",
		[FIND_OTHER] = "file",
	};

	return names[kind];
}

/* What makes a find the same as another. */
static char *key_of(const struct find *f)
{
	return mem_fmt("%s\n%u %zu %zu\n%s\n%s\n%s\n%s\n%s", f->file, f->line, f->off,
		       f->len, f->where, f->text, f->image, f->why, f->platform);
}

int finds_add(struct finds *l, const struct find *f, struct err *e)
{
	CLEANUP(mem_freep)
	char *key = key_of(f);
	struct find *mine;

	if (l->seen == NULL)
		l->seen = map_new(FIND_MAX);
	if (map_get(l->seen, key) != NULL)
		return 0;
	if (l->n == FIND_MAX)
		return err_set(e, ERR_LIMIT, "more than %d places that name images",
			       FIND_MAX);
	mine = mem_alloc(sizeof(*mine));
	*mine = *f;
	mine->file = mem_dup(f->file);
	mine->where = mem_dup(f->where);
	mine->text = mem_dup(f->text);
	mine->image = mem_dup(f->image);
	mine->why = mem_dup(f->why);
	mine->platform = mem_dup(f->platform);
	mine->nth = l->n;
	map_put(l->seen, key, mine);
	if ((l->n & (l->n - 1)) == 0) /* room for twice as many */
		l->v = mem_grow(l->v, (l->n > 0 ? 2 * l->n : 1) * sizeof(struct find *));
	l->v[l->n++] = mine;
	return 0;
}

static void find_free(struct find *f)
{
	free((char *)f->file);
	free((char *)f->where);
	free((char *)f->text);
	free((char *)f->image);
	free((char *)f->why);
	free((char *)f->platform);
	free(f);
}

static int order(const void *a, const void *b)
{
	const struct find *x = *(struct find *const *)a, *y = *(struct find *const *)b;
	int c = strcmp(x->file, y->file);

	if (c == 0 && x->line != y->line)
		c = x->line < y->line ? -1 : 1;
	if (c == 0 && x->off != y->off)
		c = x->off < y->off ? -1 : 1;
	if (c == 0)
		c = strcmp(x->where, y->where);
	if (c == 0) /* those with an image first */
		c = (x->image[0] == '\0') - (y->image[0] == '\0');
	return c != 0 ? c : (x->nth > y->nth) - (x->nth < y->nth);
}

/* Sorted, what is resolved comes before what is not of the same place. */
static bool same_place(const struct find *a, const struct find *b)
{
	return a->line == b->line && a->off == b->off && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->where, b->where) == 0 && strcmp(a->text, b->text) == 0;
}

void finds_settle(struct finds *l)
{
	size_t i, n = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(struct find *), order);
	for (i = 0; i < l->n; i++) {
		struct find *f = l->v[i];

		if (n > 0 && f->image[0] == '\0' && l->v[n - 1]->image[0] != '\0' &&
		    same_place(f, l->v[n - 1]))
			find_free(f);
		else
			l->v[n++] = f;
	}
	l->n = n;
	map_free(l->seen, NULL); /* it may name what is gone */
	l->seen = NULL;
}

void finds_drop(struct finds *l, bool (*drop)(void *arg, const struct find *f), void *arg)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		if (drop(arg, l->v[i]))
			find_free(l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
	map_free(l->seen, NULL); /* it may name what is gone */
	l->seen = NULL;
}

void finds_done(struct finds *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		find_free(l->v[i]);
	free(l->v);
	map_free(l->seen, NULL);
	*l = (struct finds){ 0 };
}
