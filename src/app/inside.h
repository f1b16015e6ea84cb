/*
 * inside.h - what changed inside images that moved, for the commands that move tags and
 * locks: found in the store, or brought for it, and said.
 */
#ifndef LARDER_APP_INSIDE_H
#define LARDER_APP_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/changes.h"
#include "app/gather.h"
#include "app/imageargs.h"

struct inside {
	/* filled by the caller; borrowed */
	struct gather *gather;
	bool fetch; /* what is missing for it; else only what is here is compared */
	unsigned at_once;
	/* its own */
	struct imageargs fetched; /* by digest */
	size_t unknown;		  /* images that could not be compared, so far */
	size_t absent;		  /* of them, those of which something is not here */
};

/* An image that moved; borrowed. */
struct inside_moved {
	const char *text; /* as people know it */
	const struct imageref *image;
	const struct platform *platform; /* those that are wanted; n 0: all */
	size_t nplatforms;
	struct digest before, after;
};

/* With `fetch`: brings what is missing, by digest, so that no tag moves. inside_done in
 * any case. */
void inside_fetch(struct inside *in, const struct inside_moved *m, size_t n);
void inside_done(struct inside *in);
/* 0 and *out (changes_done), or -1 and why it is not known. */
int inside_find(struct inside *in, const struct inside_moved *m, struct changes *out,
		struct err *e);

/* On standard output, after an empty line. What is not here, and was not to come, is said
 * once for all, by inside_print_end. */
void inside_print(struct inside *in, const struct inside_moved *m);
void inside_print_end(const struct inside *in);
/* Adds ,"changes":{...}; or null, and ,"changesUnknown":"why". out has room for
 * COMPARE_SHOW_MAX. */
void inside_json(struct inside *in, const struct inside_moved *m, struct buf *out);
void inside_page(struct inside *in, const struct inside_moved *m,
		 struct changes_page *page);

#endif
