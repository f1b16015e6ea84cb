/*
 * vars.c - variables in a list, and a map to their places in it.
 */
#include "discover/vars.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

static struct var *find(const struct vars *v, const char *name)
{
	size_t nth = v->place != NULL ? (uintptr_t)map_get(v->place, name) : 0;

	return nth > 0 ? &v->v[nth - 1] : NULL;
}

void vars_set(struct vars *v, const char *name, const char *value)
{
	struct var *var = find(v, name);

	if (var == NULL) {
		if (v->n == VARS_MAX)
			return;
		if ((v->n & (v->n - 1)) == 0) /* room for twice as many */
			v->v = mem_grow(v->v, (v->n > 0 ? 2 * v->n : 1) * sizeof(*v->v));
		var = &v->v[v->n++];
		*var = (struct var){ .name = mem_dup(name) };
		if (v->place == NULL)
			v->place = map_new(VARS_MAX);
		map_put(v->place, name, (void *)(uintptr_t)v->n);
	}
	free(var->value);
	var->value = mem_dup(value);
}

void vars_set_pair(struct vars *v, struct view pair)
{
	const char *equals = pair.n > 0 ? memchr(pair.p, '=', pair.n) : NULL;
	CLEANUP(mem_freep)
	char *name = NULL;
	CLEANUP(mem_freep)
	char *value = NULL;

	if (equals == NULL || equals == pair.p)
		return;
	name = mem_dupn(pair.p, (size_t)(equals - pair.p));
	value = mem_dupn(equals + 1, pair.n - (size_t)(equals - pair.p) - 1);
	vars_set(v, name, value);
}

const char *vars_get(const struct vars *v, const char *name)
{
	const struct var *var = find(v, name);

	return var != NULL ? var->value : NULL;
}

void vars_add(struct vars *v, const struct vars *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		vars_set(v, from->v[i].name, from->v[i].value);
}

void vars_done(struct vars *v)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		free(v->v[i].name);
		free(v->v[i].value);
	}
	free(v->v);
	map_free(v->place, NULL);
	*v = (struct vars){ 0 };
}
