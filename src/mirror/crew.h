/*
 * crew.h - the parts of one piece of work, several at once; the first failure ends it.
 */
#ifndef LARDER_MIRROR_CREW_H
#define LARDER_MIRROR_CREW_H

#include <stddef.h>

#include "base/err.h"

/* part(arg, i) for each i below n, in order of beginning, by the calling thread and up to
 * threads - 1 others. Blocks until all that began have ended. -1: one failed, *e is the
 * first failure's; parts that had not begun by then never do. */
int crew_run(unsigned threads, size_t n, int (*part)(void *arg, size_t i, struct err *e),
	     void *arg, struct err *e);

#endif
