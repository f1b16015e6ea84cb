/*
 * output.h - writing to where a user has said.
 */
#ifndef LARDER_BASE_OUTPUT_H
#define LARDER_BASE_OUTPUT_H

#include <stddef.h>

#include "base/err.h"

/* All of it, or what was there stays: a file is replaced in one step, where symbolic
 * links lead, and on disk on return. What is no file, such as /dev/stdout or a named
 * pipe, is never replaced, but written to. Errors name the path. */
int output_put(const char *path, const void *p, size_t n, struct err *e);

#endif
