/*
 * filed.h - a wanted file of a layer, read and filed in the tree: its packages, or why
 * there are none. One thread at a time.
 */
#ifndef LARDER_TRUST_FILED_H
#define LARDER_TRUST_FILED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "codec/tar.h"
#include "trust/tree.h"
#include "trust/wanted.h"

/* The present entry of tar, of whatever kind but a link, is a node at path. -1: the
 * archive is damaged (ERR_INVALID), or against a limit; a database that cannot be read is
 * the node's gap. */
int filed_read(struct tree *t, const char *path, enum wanted what, size_t layer,
	       bool hidden, struct tar_reader *tar, const struct tar_entry *entry,
	       struct err *e);
int filed_link(struct tree *t, const char *path, enum wanted what, size_t layer,
	       const char *link, struct err *e);
/* A hard link to what another node is. from NULL: target is not known (yet). */
int filed_copy(struct tree *t, const char *path, enum wanted what, size_t layer,
	       bool hidden, const struct node *from, const char *target, struct err *e);
/* A layer has been read: what can only be read together now is. */
int filed_end(struct tree *t, struct err *e);

#endif
