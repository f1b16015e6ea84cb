/*
 * imageargs.h - the images that a command is to work on: its operands, and lists.
 *
 * A bad operand or line spoils no other: it becomes an image that has failed already.
 */
#ifndef LARDER_APP_IMAGEARGS_H
#define LARDER_APP_IMAGEARGS_H

#include <stddef.h>

#include "app/options.h"
#include "base/err.h"
#include "mirror/batch.h"
#include "oci/lockfile.h"

#define IMAGEARGS_MAX 10000

struct imagearg {
	struct batch_image im; /* image and platforms are filled */
	char *text;	       /* as people know it; of a bad line, "FILE:LINE" */
	bool bad;	       /* im.err says why; nothing else of im counts */
};

struct imageargs {
	struct imagearg **arg;
	size_t n;
	struct lockfile lock; /* of lists that are lock files; else empty */
};

/* A list may be a lock file: its tags, for the platforms that it says, and what they are
 * locked to in a->lock. What is said twice is taken once. "-" is standard input. env: for
 * ${NAME} in lists. ERR_NOT_FOUND and so on: a list cannot be read; ERR_LIMIT: over
 * IMAGEARGS_MAX. done in any case. */
int imageargs_read(struct imageargs *a, char **operand, size_t noperands,
		   const struct option_values *files, char **env, struct err *e);
/* All tags of a lock file. ERR_LIMIT. */
int imageargs_add_lock(struct imageargs *a, const struct lockfile *l, struct err *e);
/* Those of lock files, too, are to be compared with their upstreams. */
void imageargs_compare(struct imageargs *a);
/* For those without platforms of their own; n 0: all. */
void imageargs_set_platforms(struct imageargs *a, const struct platform *p, size_t n);
/* Only those for which keep says so stay. */
void imageargs_keep(struct imageargs *a,
		    bool (*keep)(void *arg, const struct imagearg *image), void *arg);
void imageargs_done(struct imageargs *a);

#endif
