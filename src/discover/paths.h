/*
 * paths.h - paths as texts: joined, without "." and without "a/..". "" is the working
 * directory.
 */
#ifndef LARDER_DISCOVER_PATHS_H
#define LARDER_DISCOVER_PATHS_H

#include <stdbool.h>

/* path with respect to dir (NULL: by itself). To be freed. */
char *paths_join(const char *dir, const char *path);
/* The folder that path is in. To be freed. */
char *paths_dir(const char *path);
/* What follows the last "/". Part of path. */
const char *paths_name(const char *path);
/* path is dir, or below it; both joined as above. */
bool paths_within(const char *dir, const char *path);

#endif
