/*
 * seek.h - files that matter because links lead to them, beside those of wanted.h.
 *
 * Which they are is known when the layers have been read; what they hold, when they are
 * read once more. Images with such links are rare. Pure. One thread at a time.
 */
#ifndef LARDER_TRUST_SEEK_H
#define LARDER_TRUST_SEEK_H

#include <stdbool.h>
#include <stddef.h>

#include "trust/tree.h"
#include "trust/wanted.h"

#define SEEK_MAX 10000

struct seek {
	struct sought *at; /* by path */
	size_t n, room;
	bool full; /* more were wanted than SEEK_MAX */
};

void seek_done(struct seek *s); /* it is empty and usable again */
/* As wanted_path, and whether only hard links name it. */
enum wanted seek_what(const struct seek *s, const char *path, bool *hidden);
/* As wanted_is_way. */
bool seek_is_way(const struct seek *s, const char *path);
/* A hard link at a wanted place names a file that is not. */
void seek_hard(struct seek *s, const char *path, enum wanted what);
/* Everything that the symbolic links of a tree lead to from wanted places. */
void seek_links(struct seek *s, const struct tree *t);

#endif
