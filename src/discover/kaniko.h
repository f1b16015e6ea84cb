/*
 * kaniko.h - what kaniko's executor is told to build (its README's "Additional Flags"):
 * --dockerfile, --context, --context-sub-path and --build-arg, each with "=" or as two
 * words.
 */
#ifndef LARDER_DISCOVER_KANIKO_H
#define LARDER_DISCOVER_KANIKO_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/reading.h"

#define KANIKO_MAX_WORDS 1000

/* Is it kaniko's executor: an image, or a program's path? */
bool kaniko_is(const char *text);
/* The words of its command line, without its name. */
void kaniko_words(struct reading *r, char *const *word, size_t n, unsigned line,
		  const char *where);
/* A shell's command that may run it; what is no executor's is passed over. */
void kaniko_command(struct reading *r, const char *command, unsigned line,
		    const char *where);

#endif
