/*
 * tree.h - the files of a tree, folder by folder, in the order of their names.
 */
#ifndef LARDER_DISCOVER_TREE_H
#define LARDER_DISCOVER_TREE_H

#include <stddef.h>

#include "base/err.h"

struct tree {
	/* path: of a file as paths_join has it. -1 ends the walk. */
	int (*file)(void *arg, const char *path, struct err *e);
	/* A folder that cannot be looked into. */
	int (*refused)(void *arg, const char *path, const struct err *why, struct err *e);
	void *arg;
	size_t *entries; /* counted down with each name */
	unsigned max_depth;
	size_t max_entries; /* for the message */
};

/* Links to files are given to file after all others, if they lead to a file within the
 * tree that is not one of these; links to folders are not followed. -1: ERR_LIMIT, or
 * what a function said. */
int tree_walk(const struct tree *t, const char *root, struct err *e);

#endif
