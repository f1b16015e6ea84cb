/*
 * lru.c - a heap whose root is the youngest, which goes when there are too many.
 */
#include "mirror/lru.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct lru {
	struct retire_image *im;
	size_t n, room, max;
	bool dropped;
};

struct lru *lru_new(size_t max)
{
	struct lru *l = mem_alloc(sizeof(*l));

	l->max = max;
	return l;
}

void lru_free(struct lru *l)
{
	if (l == NULL)
		return;
	free(l->im);
	free(l);
}

static int compare(const void *a, const void *b)
{
	const struct retire_image *x = a, *y = b;
	int rc;

	if (x->used_ms != y->used_ms)
		return x->used_ms < y->used_ms ? -1 : 1;
	if (x->stored_ms != y->stored_ms)
		return x->stored_ms < y->stored_ms ? -1 : 1;
	rc = strcmp(x->repository.s, y->repository.s);
	return rc != 0 ? rc : strcmp(x->tag, y->tag);
}

static void swap(struct lru *l, size_t a, size_t b)
{
	struct retire_image t = l->im[a];

	l->im[a] = l->im[b];
	l->im[b] = t;
}

static void sift_up(struct lru *l, size_t i)
{
	for (; i > 0 && compare(&l->im[i], &l->im[(i - 1) / 2]) > 0; i = (i - 1) / 2)
		swap(l, i, (i - 1) / 2);
}

static void sift_down(struct lru *l)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < l->n) {
		if (child + 1 < l->n && compare(&l->im[child + 1], &l->im[child]) > 0)
			child++;
		if (compare(&l->im[child], &l->im[i]) <= 0)
			return;
		swap(l, i, child);
		i = child;
	}
}

void lru_offer(struct lru *l, const struct retire_image *im)
{
	if (l->n == l->max) {
		l->dropped = true;
		if (l->max == 0 || compare(im, &l->im[0]) >= 0)
			return;
		l->im[0] = *im;
		sift_down(l);
		return;
	}
	if (l->n == l->room) {
		l->room = l->room == 0 ? 64 : 2 * l->room;
		l->im = mem_grow(l->im, l->room * sizeof(*l->im));
	}
	l->im[l->n++] = *im;
	sift_up(l, l->n - 1);
}

bool lru_has_dropped(const struct lru *l)
{
	return l->dropped;
}

struct retire_image *lru_sorted(struct lru *l, size_t *n)
{
	if (l->n > 0)
		qsort(l->im, l->n, sizeof(*l->im), compare);
	*n = l->n;
	return l->im;
}
