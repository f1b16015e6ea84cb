/*
 * gaps.c - a list with a limit.
 */
#include "trust/gaps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define WHY_MAX 600

static void put(struct gaps *g, size_t layer, const char *path, const char *why)
{
	if (g->n == g->room) {
		g->room = g->room > 0 ? 2 * g->room : 16;
		g->at = mem_grow(g->at, g->room * sizeof(g->at[0]));
	}
	g->at[g->n++] = (struct contents_gap){ layer, mem_dup(path), mem_dup(why) };
}

void gaps_add(struct gaps *g, size_t layer, const char *path, const char *fmt, ...)
{
	char why[WHY_MAX];
	va_list ap;

	if (g->n == CONTENTS_MAX_GAPS)
		return;
	if (g->n == CONTENTS_MAX_GAPS - 1) {
		put(g, CONTENTS_NO_LAYER, "", "there are more gaps than are told");
		return;
	}
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	put(g, layer, path, why);
}

void gaps_done(struct gaps *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		free((char *)g->at[i].path);
		free((char *)g->at[i].why);
	}
	free(g->at);
	*g = (struct gaps){ 0 };
}
