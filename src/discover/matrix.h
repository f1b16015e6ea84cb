/*
 * matrix.h - the combinations of a GitHub Actions matrix (docs: "Running variations of
 * jobs in a workflow"): the product of its lists, without what is excluded, with what is
 * included.
 */
#ifndef LARDER_DISCOVER_MATRIX_H
#define LARDER_DISCOVER_MATRIX_H

#include <stddef.h>

#include "codec/yaml.h"
#include "discover/vars.h"

#define MATRIX_MAX                                                                       \
	256 /* rows (GitHub's own limit), and entries of include or exclude              \
	     */
#define MATRIX_MAX_LISTS 20 /* that are multiplied */

struct matrix {
	struct vars *row; /* names as in matrix.NAME and matrix.NAME.PART */
	size_t n;
};

/* strategy.matrix; NULL or another kind gives none. What is over a limit is left out.
 */
void matrix_read(struct matrix *m, const struct yaml *y);
void matrix_done(struct matrix *m);

#endif
