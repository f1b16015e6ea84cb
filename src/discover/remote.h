/*
 * remote.h - is a build's context, or a file, somewhere else (a URL, a repository)?
 */
#ifndef LARDER_DISCOVER_REMOTE_H
#define LARDER_DISCOVER_REMOTE_H

#include <stdbool.h>

bool remote_is(const char *path);

#endif
