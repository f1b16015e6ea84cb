/*
 * imagepattern.h - patterns that a command is given, over images as they are listed.
 */
#ifndef LARDER_MIRROR_IMAGEPATTERN_H
#define LARDER_MIRROR_IMAGEPATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Does one of n patterns match the image? shown: its name as route_shown has it; tag
 * "": none. Docker Hub's are listed without their host, but people write the long names,
 * too: a pattern that begins with docker.io/ is over those, with library/ or without, and
 * over no other registry's. local: it lives here, so none of those is about it. True also
 * where there is no pattern. Pure. */
bool imagepattern_match(char *const *pattern, size_t n, const char *shown,
			const char *tag, bool local);

#endif
