/*
 * tree.h - what the layers read so far leave of an image's files, as far as they matter:
 * the wanted files, and the links on the way to them (OCI image-spec layer.md "Applying
 * Changesets"). Pure: no archives. One thread at a time.
 *
 * Paths are as in wanted.h.
 */
#ifndef LARDER_TRUST_TREE_H
#define LARDER_TRUST_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/package.h"
#include "trust/wanted.h"

#define TREE_PATH_MAX 4096
#define TREE_MAX_LINKS 40  /* in the way of one path, as Linux has it */
#define TREE_MAX_WAYS 1000 /* links to folders of wanted files */

struct node {
	char *path;
	size_t length; /* of path */
	enum wanted what;
	size_t layer; /* that wrote it */
	char *link;   /* a symbolic link, and what it says; NULL: a file */
	bool hidden;  /* not in a place of its own: only wanted by hard links */
	bool stale;   /* an rpm database whose packages are to be read anew */
	struct packages packages;
	struct buf raw; /* what is read at the end only: rpm's, os-release */
	char *gap;	/* why it, or some of it, could not be read; NULL: it was */
};

struct tree {
	struct node **at; /* by path */
	size_t n, room;
	/* Those that are links and no wanted files themselves: the ways to some. */
	struct node **way;
	size_t ways;
	size_t packages; /* in all of them */
	size_t raw_bytes;
	unsigned changed; /* counts changes of links */
};

void tree_init(struct tree *t);
void tree_done(struct tree *t);

/* name with ".", empty and ".." parts worked out and the links in it followed, the last
 * part's only if `last`. ".." at the root stays there, as for a process whose root it is.
 * -1: longer than TREE_PATH_MAX, or the links go round. */
int tree_resolve(const struct tree *t, const char *name, bool last,
		 char out[TREE_PATH_MAX]);
struct node *tree_find(const struct tree *t, const char *path); /* or NULL */

/* A file (link NULL) or link in place of what was at path and below it. before gets the
 * packages that the node before had (the caller's to release). ERR_LIMIT: there are
 * CONTENTS_MAX_FILES, or TREE_MAX_WAYS. */
int tree_put(struct tree *t, const char *path, enum wanted what, size_t layer,
	     const char *link, struct packages *before, struct node **out, struct err *e);
/* The node's packages and raw bytes have changed from what they were when it was put or
 * last counted. ERR_LIMIT: in all too many packages. */
int tree_count(struct tree *t, const struct node *node, size_t packages_before,
	       size_t raw_before, struct err *e);
/* Something that does not matter itself is now at path: a folder covers a file or link
 * there, anything else also what was below. */
void tree_cover(struct tree *t, const char *path, bool is_folder);
/* The layer takes away what those before it have at path and below. */
void tree_whiteout(struct tree *t, const char *path, size_t layer);
/* ... and what they have below the folder ("" : all). */
void tree_opaque(struct tree *t, const char *folder, size_t layer);

#endif
