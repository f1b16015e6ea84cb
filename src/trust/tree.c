/*
 * tree.c - nodes in an array sorted by path; what is below a folder stands together in
 * it, from where "folder/" would.
 */
#include "trust/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/contents.h"

void tree_init(struct tree *t)
{
	*t = (struct tree){ 0 };
}

static bool is_way(const struct node *node)
{
	return node->link != NULL && node->what == WANTED_NOT;
}

static void forget_way(struct tree *t, const struct node *node)
{
	size_t i = 0;

	while (t->way[i] != node)
		i++;
	t->way[i] = t->way[--t->ways];
	t->changed++;
}

static void add_way(struct tree *t, struct node *node)
{
	if (t->way == NULL)
		t->way = mem_alloc(TREE_MAX_WAYS * sizeof(t->way[0]));
	t->way[t->ways++] = node;
	t->changed++;
}

static void drop(struct tree *t, struct node *node)
{
	t->packages -= node->packages.n;
	t->raw_bytes -= node->raw.n;
	if (is_way(node))
		forget_way(t, node);
	packages_done(&node->packages);
	buf_done(&node->raw);
	free(node->path);
	free(node->link);
	free(node->gap);
	free(node);
}

void tree_done(struct tree *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		drop(t, t->at[i]);
	free(t->at);
	free(t->way);
	tree_init(t);
}

/* The first node whose path is not before this one. */
static size_t place(const struct tree *t, const char *path)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(t->at[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct node *tree_find(const struct tree *t, const char *path)
{
	size_t i = place(t, path);

	return i < t->n && strcmp(t->at[i]->path, path) == 0 ? t->at[i] : NULL;
}

/* --- names --- */

struct walk {
	const struct tree *tree;
	char *out; /* TREE_PATH_MAX: what has been worked out */
	size_t n;
	char left[2 * TREE_PATH_MAX]; /* what has not */
	unsigned links;
};

static void up(struct walk *w)
{
	const char *slash = memrchr(w->out, '/', w->n);

	w->n = slash != NULL ? (size_t)(slash - w->out) : 0;
	w->out[w->n] = '\0';
}

/* The link's text, and then what was left. */
static int follow(struct walk *w, const char *link, const char *rest)
{
	char left[2 * TREE_PATH_MAX];
	size_t n = strlen(link), m = strlen(rest);

	if (++w->links > TREE_MAX_LINKS || n + 1 + m >= sizeof(left))
		return -1;
	memcpy(left, link, n);
	left[n] = '/';
	memcpy(left + n + 1, rest, m + 1);
	if (*link == '/') {
		w->n = 0;
		w->out[0] = '\0';
	} else {
		up(w);
	}
	memcpy(w->left, left, n + m + 2);
	return 0;
}

/* The link that stands where out leads: a way to somewhere, or at the end also a file. */
static const char *link_at(const struct walk *w, bool end)
{
	const struct node *node;
	size_t i;

	for (i = 0; i < w->tree->ways; i++) {
		node = w->tree->way[i];
		if (node->length == w->n && memcmp(node->path, w->out, w->n) == 0)
			return node->link;
	}
	node = end ? tree_find(w->tree, w->out) : NULL;
	return node != NULL ? node->link : NULL;
}

/* One part is added to out. *rest moves on, to w->left where a link was followed. */
static int step(struct walk *w, const char *part, size_t n, bool last, const char **rest)
{
	bool end = **rest == '\0';
	const char *link;

	if (w->n + 1 + n >= TREE_PATH_MAX)
		return -1;
	if (w->n > 0)
		w->out[w->n++] = '/';
	memcpy(w->out + w->n, part, n);
	w->n += n;
	w->out[w->n] = '\0';
	link = end && !last ? NULL : link_at(w, end);
	if (link == NULL)
		return 0;
	if (follow(w, link, *rest) != 0)
		return -1;
	*rest = w->left;
	return 0;
}

int tree_resolve(const struct tree *t, const char *name, bool last,
		 char out[TREE_PATH_MAX])
{
	struct walk w = { .tree = t, .out = out };
	const char *rest = name;

	out[0] = '\0';
	while (*rest != '\0') {
		const char *part = rest;
		size_t n = strcspn(part, "/");

		rest = part + n + strspn(part + n, "/");
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.')
			up(&w);
		else if (step(&w, part, n, last, &rest) != 0)
			return -1;
	}
	return 0;
}

/* --- changes --- */

/* Nodes from i to before j go, those of layer or later only if `all`. */
static void remove_range(struct tree *t, size_t i, size_t j, bool all, size_t layer)
{
	size_t to = i, k;

	for (k = i; k < j; k++)
		if (all || t->at[k]->layer < layer)
			drop(t, t->at[k]);
		else
			t->at[to++] = t->at[k];
	if (to == j)
		return;
	memmove(&t->at[to], &t->at[j], (t->n - j) * sizeof(t->at[0]));
	t->n -= j - to;
}

static void remove_below(struct tree *t, const char *folder, bool all, size_t layer)
{
	char begin[TREE_PATH_MAX + 1];
	size_t n = strlen(folder), i, j;

	if (n >= TREE_PATH_MAX)
		return;
	memcpy(begin, folder, n + 1);
	if (n > 0)
		memcpy(begin + n++, "/", 2);
	i = j = place(t, begin);
	while (j < t->n && strncmp(t->at[j]->path, begin, n) == 0)
		j++;
	remove_range(t, i, j, all, layer);
}

static void remove_at(struct tree *t, const char *path, bool all, size_t layer)
{
	size_t i = place(t, path);

	if (i < t->n && strcmp(t->at[i]->path, path) == 0)
		remove_range(t, i, i + 1, all, layer);
}

static void insert(struct tree *t, size_t i, struct node *node)
{
	if (t->n == t->room) {
		t->room = t->room > 0 ? 2 * t->room : 64;
		t->at = mem_grow(t->at, t->room * sizeof(t->at[0]));
	}
	memmove(&t->at[i + 1], &t->at[i], (t->n - i) * sizeof(t->at[0]));
	t->at[i] = node;
	t->n++;
}

int tree_put(struct tree *t, const char *path, enum wanted what, size_t layer,
	     const char *link, struct packages *before, struct node **out, struct err *e)
{
	struct node *node = tree_find(t, path);

	if (node != NULL) {
		packages_done(before);
		t->packages -= node->packages.n;
		*before = node->packages;
		node->packages = (struct packages){ NULL, 0, 0 };
	}
	tree_cover(t, path, false);
	if (t->n == CONTENTS_MAX_FILES)
		return err_set(e, ERR_LIMIT,
			       "the image has more than %d databases and Python "
			       "distributions",
			       CONTENTS_MAX_FILES);
	if (link != NULL && what == WANTED_NOT && t->ways == TREE_MAX_WAYS)
		return err_set(e, ERR_LIMIT,
			       "the image has more than %d links to folders of databases",
			       TREE_MAX_WAYS);
	node = mem_alloc(sizeof(*node));
	node->path = mem_dup(path);
	node->length = strlen(path);
	node->what = what;
	node->layer = layer;
	node->link = mem_dup(link);
	if (is_way(node))
		add_way(t, node);
	insert(t, place(t, path), node);
	*out = node;
	return 0;
}

int tree_count(struct tree *t, const struct node *node, size_t packages_before,
	       size_t raw_before, struct err *e)
{
	t->packages += node->packages.n - packages_before;
	t->raw_bytes += node->raw.n - raw_before;
	if (t->packages > PACKAGE_MAX_COUNT)
		return err_set(e, ERR_LIMIT, "the image has more than %d packages",
			       PACKAGE_MAX_COUNT);
	return 0;
}

void tree_cover(struct tree *t, const char *path, bool is_folder)
{
	remove_at(t, path, true, 0);
	if (!is_folder)
		remove_below(t, path, true, 0);
}

void tree_whiteout(struct tree *t, const char *path, size_t layer)
{
	remove_at(t, path, false, layer);
	remove_below(t, path, false, layer);
}

void tree_opaque(struct tree *t, const char *folder, size_t layer)
{
	remove_below(t, folder, false, layer);
}
