/*
 * build.c - the list of builds. No lock: one thread.
 */
#include "discover/build.h"

#include <stdlib.h>

#include "base/mem.h"

int builds_add(struct builds *l, const struct build *b, struct err *e)
{
	struct build *mine;

	if (l->n == BUILD_MAX)
		return err_set(e, ERR_LIMIT, "more than %d builds", BUILD_MAX);
	mine = mem_alloc(sizeof(*mine));
	*mine = *b;
	mine->file = mem_dup(b->file);
	mine->where = mem_dup(b->where);
	mine->dockerfile = mem_dup(b->dockerfile);
	mine->why = mem_dup(b->why);
	mine->context = mem_dup(b->context);
	mine->path = NULL;
	mine->args = mine->contexts = (struct vars){ 0 };
	vars_add(&mine->args, &b->args);
	vars_add(&mine->contexts, &b->contexts);
	if ((l->n & (l->n - 1)) == 0) /* room for twice as many */
		l->v = mem_grow(l->v, (l->n > 0 ? 2 * l->n : 1) * sizeof(struct build *));
	l->v[l->n++] = mine;
	return 0;
}

void builds_done(struct builds *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct build *b = l->v[i];

		free((char *)b->file);
		free((char *)b->where);
		free((char *)b->dockerfile);
		free((char *)b->why);
		free((char *)b->context);
		free(b->path);
		vars_done(&b->args);
		vars_done(&b->contexts);
		free(b);
	}
	free(l->v);
	*l = (struct builds){ 0 };
}
