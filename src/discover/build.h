/*
 * build.h - what a file says of an image that is to be built: from which Dockerfile, with
 * which arguments.
 */
#ifndef LARDER_DISCOVER_BUILD_H
#define LARDER_DISCOVER_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "discover/find.h"
#include "discover/vars.h"

#define BUILD_MAX 2000 /* of them, in all */
#define BUILD_MAX_PATH 4096

struct build {
	/* Who says so. */
	enum find_kind kind;
	const char *file, *where;
	unsigned line;
	/* The Dockerfile, with respect to the folder context, which is with respect to
	 * the file (NULL: the file's own folder). NULL: it cannot be known, and why says
	 * it. */
	const char *dockerfile, *context, *why;
	/* The path is one in a container or a checkout: the top of the tree may be meant,
	 * or one of the folders may be missing. */
	bool guess;
	bool optional; /* if it is not here, nobody needs to know */
	char *path;    /* where that is, once it has been looked for; NULL: nowhere */
	struct vars args;
	struct vars contexts; /* names that stand for something else: FROM may use them */
};

struct builds {
	struct build **v;
	size_t n;
};

/* Copies b. ERR_LIMIT over BUILD_MAX. */
int builds_add(struct builds *l, const struct build *b, struct err *e);
void builds_done(struct builds *l);

#endif
