/*
 * discover.h - the images that files name: trees of files in, places with references out.
 *
 * Files are known by name and, where that says too little, by content. A file that
 * another one builds from (compose's build.dockerfile, kaniko's --dockerfile, ...) is
 * read with the arguments given there as well as by itself.
 *
 * Links to files are followed, as long as they stay within the tree, and links to
 * directories are not. Folders that hold other people's sources (.git, node_modules,
 * vendor, ...) are passed over unless they are given themselves; hidden files and folders
 * are not. Nothing outside a given folder is read, or outside that of a given file.
 * Images that the tree itself builds (those of compose services and Skaffold artifacts)
 * are no finds. Limits below.
 */
#ifndef LARDER_DISCOVER_DISCOVER_H
#define LARDER_DISCOVER_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "discover/find.h"
#include "oci/platform.h"

#define DISCOVER_MAX_FILE (4u << 20) /* bytes; a larger one is a find without image */
#define DISCOVER_MAX_DEPTH 64	     /* folders within folders */
#define DISCOVER_MAX_ENTRIES 2000000 /* names seen, in all */
#define DISCOVER_MAX_FILES 50000     /* files read, in all */

struct discover {
	char *const *path; /* files or directories */
	size_t npaths;
	const char *const
		*build_arg; /* "NAME=VALUE": for ARGs of Dockerfiles; they win */
	size_t nbuild_args;
	struct platform here; /* the machine that builds */
	/* What is built for: of TARGETPLATFORM and its parts each of these, and FROM
	 * --platform=$TARGETPLATFORM has a platform. 0: here, and it has none. */
	const struct platform *target;
	size_t ntargets;
	/* A variable of the environment or NULL: for compose files and image lists, whose
	 * own tools look there. May be NULL. */
	const char *(*variable)(void *arg, const char *name);
	void *arg;
	/* out: what was looked at */
	size_t files; /* read as something that names images */
};

/* Fills l (empty before, finds_done in any case), settled. ERR_NOT_FOUND and so on: a
 * path that was given cannot be read; ERR_LIMIT: a limit on a number is met. A file below
 * a path that cannot be read is a find. */
int discover_paths(struct discover *d, struct finds *l, struct err *e);

#endif
