/*
 * vars.h - variables and their values, in the order in which they were set.
 *
 * One thread. Names and values are copied.
 */
#ifndef LARDER_DISCOVER_VARS_H
#define LARDER_DISCOVER_VARS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/map.h"

#define VARS_MAX 1000 /* of one set; what is over is left out, and so has no value */

struct vars {
	struct var {
		char *name, *value;
	} * v;
	size_t n;
	struct map *place;
};

/* Sets, or sets anew. value NULL: it has none (as if it had not been set). */
void vars_set(struct vars *v, const char *name, const char *value);
/* Text "NAME=VALUE"; without "=", nothing is set. */
void vars_set_pair(struct vars *v, struct view pair);
const char *vars_get(const struct vars *v, const char *name); /* NULL: none */
/* What from has is set in v, too. */
void vars_add(struct vars *v, const struct vars *from);
void vars_done(struct vars *v);

#endif
