/*
 * matrix.c - rows of a matrix, each a set of variables. No state.
 */
#include "discover/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_list_of_rows(const char *key)
{
	return strcmp(key, "include") == 0 || strcmp(key, "exclude") == 0;
}

/* A value, and the parts of one that is a map. */
static void set(struct vars *row, const char *name, const struct yaml *y)
{
	const struct yaml *c;

	if (y->kind == YAML_SCALAR)
		vars_set(row, name, y->text);
	else if (y->kind == YAML_NULL)
		vars_set(row, name, "");
	else if (y->kind == YAML_MAP && strlen(name) < 256)
		for (c = y->child; c != NULL; c = c->next) {
			CLEANUP(mem_freep)
			char *part = mem_fmt("%s.%s", name, c->key);

			set(row, part, c);
		}
}

static void set_all(struct vars *row, const struct yaml *map)
{
	const struct yaml *y;

	for (y = map->kind == YAML_MAP ? map->child : NULL; y != NULL; y = y->next)
		set(row, y->key, y);
}

static void add(struct matrix *m, const struct vars *from)
{
	if (m->n == MATRIX_MAX)
		return;
	m->row = mem_grow(m->row, (m->n + 1) * sizeof(*m->row));
	m->row[m->n] = (struct vars){ 0 };
	if (from != NULL)
		vars_add(&m->row[m->n], from);
	m->n++;
}

/* Each row once for each value of one more list. */
static void multiply(struct matrix *m, const struct yaml *list)
{
	struct matrix more = { 0 };
	const struct yaml *y;
	size_t i;

	for (i = 0; i < m->n; i++)
		for (y = list->child; y != NULL && more.n < MATRIX_MAX; y = y->next) {
			add(&more, &m->row[i]);
			set(&more.row[more.n - 1], list->key, y);
		}
	matrix_done(m);
	*m = more;
}

/* What row has of want is the same. only: of what the matrix itself has (base). */
static bool agrees(const struct vars *row, const struct vars *want,
		   const struct vars *base)
{
	size_t i;

	for (i = 0; i < want->n; i++) {
		const char *name = want->v[i].name, *have = vars_get(row, name);

		if (base != NULL && vars_get(base, name) == NULL)
			continue;
		if (have == NULL || want->v[i].value == NULL ||
		    strcmp(have, want->v[i].value) != 0)
			return false;
	}
	return true;
}

static void exclude(struct matrix *m, const struct yaml *list)
{
	const struct yaml *y;
	size_t i, n, seen = 0;

	for (y = list != NULL ? list->child : NULL; y != NULL && seen++ < MATRIX_MAX;
	     y = y->next) {
		struct vars want = { 0 };

		set_all(&want, y);
		for (i = n = 0; i < m->n; i++) {
			if (want.n > 0 && agrees(&m->row[i], &want, NULL))
				vars_done(&m->row[i]);
			else
				m->row[n++] = m->row[i];
		}
		m->n = n;
		vars_done(&want);
	}
}

/* Goes into each row whose own values it does not change, or is a row of its own. */
static void include(struct matrix *m, const struct yaml *list)
{
	size_t own = m->n, i, seen = 0;
	const struct yaml *y;
	struct vars base = { 0 };

	if (own > 0)
		vars_add(&base, &m->row[0]);
	for (y = list != NULL ? list->child : NULL; y != NULL && seen++ < MATRIX_MAX;
	     y = y->next) {
		struct vars more = { 0 };
		bool put = false;

		set_all(&more, y);
		for (i = 0; i < own; i++)
			if (agrees(&m->row[i], &more, &base)) {
				vars_add(&m->row[i], &more);
				put = true;
			}
		if (!put)
			add(m, &more);
		vars_done(&more);
	}
	vars_done(&base);
}

void matrix_read(struct matrix *m, const struct yaml *y)
{
	const struct yaml *c;
	size_t lists = 0;

	*m = (struct matrix){ 0 };
	if (y == NULL || y->kind != YAML_MAP)
		return;
	add(m, NULL);
	for (c = y->child; c != NULL; c = c->next)
		if (c->kind == YAML_LIST && !is_list_of_rows(c->key) &&
		    lists++ < MATRIX_MAX_LISTS)
			multiply(m, c);
	if (lists == 0)
		matrix_done(m);
	exclude(m, yaml_get(y, "exclude"));
	include(m, yaml_get(y, "include"));
}

void matrix_done(struct matrix *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		vars_done(&m->row[i]);
	free(m->row);
	*m = (struct matrix){ 0 };
}
