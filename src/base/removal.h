/*
 * removal.h - directories that go, many of them, and one wait for the disk for all.
 *
 * Each is moved out of its place at once, and is away for good, through a power cut, when
 * removal_last has said so; before that it may come back, whole. What was in it is
 * removed after that only. One thread at a time. Memory: two paths for each.
 */
#ifndef LARDER_BASE_REMOVAL_H
#define LARDER_BASE_REMOVAL_H

#include "base/err.h"

struct removal;

/* Paths are relative to dirfd; tmpdir is in the same filesystem; stop: as in fs_prune.
 * All are borrowed. */
struct removal *removal_new(int dirfd, const char *tmpdir, const char *stop);
/* NULL is fine. What removal_last has not been asked for, or has failed to do, stays in
 * tmpdir. */
void removal_free(struct removal *r);
/* Out of its place. ERR_NOT_FOUND: there is none. */
int removal_take(struct removal *r, const char *path, struct err *e);
/* What was taken is away for good. Each directory in which something was is synced once,
 * and removed if nothing is left in it; so are those above it. Then r is as new. -1: what
 * was taken may come back after a power cut, whole. */
int removal_last(struct removal *r, struct err *e);

#endif
