/*
 * compare.c - two lists of packages matched, and all that is counted. No state.
 *
 * Both lists are sorted by kind and key, so what has one name stands together: a group.
 * Usually it has one package on each side, but several architectures, several versions
 * (kernels of rpm) and several places (environments of Python) are usual enough. Within
 * a group, what is the same on both sides goes first; of the rest, those are taken for
 * one package that are most alike, in the order of their versions.
 */
#include "trust/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/compare_config.h"

const char *compare_word(enum compare_kind kind)
{
	static const char *const words[] = { "added", "removed", "upgraded", "downgraded",
					     "changed" };

	return words[kind];
}

/* --- groups --- */

/* What is left of one side of a group. */
struct side {
	const struct package **at;
	size_t n;
};

enum field { BY_ARCH = 1, BY_VERSION = 2, BY_PATH = 4 };

static int by_version(const struct package *a, const struct package *b)
{
	int order = version_compare(package_scheme(a->kind), a->version, b->version);

	return order != 0 ? order : strcmp(a->version, b->version);
}

static int by_key(const struct package *a, const struct package *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* Alike in these fields: 0. */
static int by_fields(const struct package *a, const struct package *b, int fields)
{
	int order = 0;

	if (fields & BY_ARCH)
		order = strcmp(a->arch, b->arch);
	if (order == 0 && (fields & BY_PATH))
		order = strcmp(a->path, b->path);
	if (order == 0 && (fields & BY_VERSION))
		order = by_version(a, b);
	return order;
}

/* All fields, those of a stage first, the version before the rest. */
static int in_order(const struct package *a, const struct package *b, int fields)
{
	int order = by_fields(a, b, fields);

	if (order == 0)
		order = by_version(a, b);
	if (order == 0)
		order = by_fields(a, b, BY_ARCH | BY_PATH);
	return order;
}

static int order_any(const void *a, const void *b)
{
	return in_order(*(const struct package *const *)a,
			*(const struct package *const *)b, 0);
}

static int order_arch(const void *a, const void *b)
{
	return in_order(*(const struct package *const *)a,
			*(const struct package *const *)b, BY_ARCH);
}

static int order_place(const void *a, const void *b)
{
	return in_order(*(const struct package *const *)a,
			*(const struct package *const *)b, BY_ARCH | BY_PATH);
}

/* One way in which two packages may be alike. */
struct stage {
	int fields;
	int (*order)(const void *a, const void *b); /* the fields come first in it */
	bool same; /* then they are the same, and nothing has changed */
};

static const struct stage stages[] = {
	{ BY_ARCH | BY_PATH | BY_VERSION, order_place, true },
	{ BY_ARCH | BY_VERSION, order_arch, true },
	{ BY_ARCH | BY_PATH, order_place, false },
	{ BY_ARCH, order_arch, false },
	{ 0, order_any, false },
};
/* Between images of different architectures. */
static const struct stage far_stages[] = {
	{ BY_VERSION, order_any, true },
	{ 0, order_any, false },
};

static void add_row(struct comparison *c, const struct package *before,
		    const struct package *after)
{
	struct compare_package *row = &c->package[c->npackages++];
	int order;

	row->before = before;
	row->after = after;
	if (before == NULL || after == NULL) {
		row->kind = before == NULL ? COMPARE_ADDED : COMPARE_REMOVED;
	} else {
		order = version_compare(package_scheme(before->kind), before->version,
					after->version);
		row->kind = order < 0	? COMPARE_UPGRADED
			    : order > 0 ? COMPARE_DOWNGRADED
					: COMPARE_CHANGED;
	}
	c->by[row->kind]++;
}

/* Takes out of both sides what is alike. */
static void match(struct comparison *c, const struct stage *stage, struct side *a,
		  struct side *b)
{
	size_t i = 0, j = 0, left_a = 0, left_b = 0;
	int order;

	if (a->n == 0 || b->n == 0)
		return;
	qsort(a->at, a->n, sizeof(struct package *), stage->order);
	qsort(b->at, b->n, sizeof(struct package *), stage->order);
	while (i < a->n && j < b->n) {
		order = by_fields(a->at[i], b->at[j], stage->fields);
		if (order < 0) {
			a->at[left_a++] = a->at[i++];
		} else if (order > 0) {
			b->at[left_b++] = b->at[j++];
		} else {
			if (!stage->same)
				add_row(c, a->at[i], b->at[j]);
			i++;
			j++;
		}
	}
	while (i < a->n)
		a->at[left_a++] = a->at[i++];
	while (j < b->n)
		b->at[left_b++] = b->at[j++];
	a->n = left_a;
	b->n = left_b;
}

static void match_group(struct comparison *c, struct side *a, struct side *b, bool far)
{
	const struct stage *stage = far ? far_stages : stages;
	size_t i, n = far ? ARRAY_LEN(far_stages) : ARRAY_LEN(stages);

	for (i = 0; i < n; i++)
		match(c, &stage[i], a, b);
	for (i = 0; i < a->n; i++)
		add_row(c, a->at[i], NULL);
	for (i = 0; i < b->n; i++)
		add_row(c, NULL, b->at[i]);
}

/* The packages of list from *at on that have the key of one of them. */
static void take_group(const struct packages *list, size_t *at, const struct package *one,
		       struct side *out)
{
	out->n = 0;
	while (*at < list->n && by_key(&list->at[*at], one) == 0)
		out->at[out->n++] = &list->at[(*at)++];
}

static void compare_packages(struct comparison *c)
{
	const struct packages *before = &c->before->packages,
			      *after = &c->after->packages;
	bool far = strcmp(c->before->config.platform.arch,
			  c->after->config.platform.arch) != 0;
	struct side a = { .at = mem_alloc((before->n + 1) * sizeof(*a.at)) };
	struct side b = { .at = mem_alloc((after->n + 1) * sizeof(*b.at)) };
	const struct package *first;
	size_t i = 0, j = 0;

	c->package = mem_alloc((before->n + after->n + 1) * sizeof(*c->package));
	while (i < before->n || j < after->n) {
		if (j == after->n ||
		    (i < before->n && by_key(&before->at[i], &after->at[j]) <= 0))
			first = &before->at[i];
		else
			first = &after->at[j];
		take_group(before, &i, first, &a);
		take_group(after, &j, first, &b);
		match_group(c, &a, &b, far);
	}
	free(a.at);
	free(b.at);
	c->package = mem_grow(c->package, (c->npackages + 1) * sizeof(*c->package));
}

/* --- the rest --- */

static bool is_in(const struct contents *c, const struct contents_layer *l)
{
	size_t i;

	for (i = 0; i < c->nlayers; i++)
		if (digest_equal(&c->layer[i].digest, &l->digest))
			return true;
	return false;
}

static bool is_in_unpacked(const struct contents *c, const struct contents_layer *l)
{
	size_t i;

	for (i = 0; l->has_diff_id && i < c->nlayers; i++)
		if (c->layer[i].has_diff_id &&
		    digest_equal(&c->layer[i].diff_id, &l->diff_id))
			return true;
	return false;
}

/* One that an image has twice is stored and fetched once. */
static void count(struct compare_layers *of, const struct contents *c, size_t i)
{
	size_t j;

	of->n++;
	for (j = 0; j < i; j++)
		if (digest_equal(&c->layer[j].digest, &c->layer[i].digest))
			return;
	of->bytes += c->layer[i].size;
}

static void compare_layers(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->after->nlayers; i++) {
		const struct contents_layer *l = &c->after->layer[i];

		count(is_in(c->before, l)	     ? &c->shared
		      : is_in_unpacked(c->before, l) ? &c->repacked
						     : &c->fresh,
		      c->after, i);
	}
	for (i = 0; i < c->before->nlayers; i++)
		if (!is_in(c->after, &c->before->layer[i]) &&
		    !is_in_unpacked(c->after, &c->before->layer[i]))
			count(&c->gone, c->before, i);
}

static bool other_system(const struct contents_os *a, const struct contents_os *b)
{
	return strcmp(a->id, b->id) != 0 || strcmp(a->version_id, b->version_id) != 0 ||
	       strcmp(a->codename, b->codename) != 0 || strcmp(a->name, b->name) != 0 ||
	       strcmp(a->debian_version, b->debian_version) != 0;
}

void compare_make(const struct contents *before, const struct contents *after,
		  struct comparison *out)
{
	*out = (struct comparison){ .before = before, .after = after };
	compare_packages(out);
	compare_config(out);
	out->system = other_system(&before->os, &after->os);
	compare_layers(out);
}

void compare_done(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->nlists; i++)
		free(c->list[i]);
	free(c->list);
	free(c->setting);
	free(c->package);
	*c = (struct comparison){ 0 };
}

bool compare_same(const struct comparison *c)
{
	return c->npackages == 0 && c->nsettings == 0 && !c->system &&
	       c->repacked.n == 0 && c->fresh.n == 0 && c->gone.n == 0;
}
