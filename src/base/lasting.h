/*
 * lasting.h - directories whose own names are on disk.
 *
 * A file's name is on disk when its directory has been synced, but found again only if
 * the names of the directories above it are, too. Who made them may not have synced them:
 * it is just about to, died before, or did not need to.
 */
#ifndef LARDER_BASE_LASTING_H
#define LARDER_BASE_LASTING_H

#include "base/err.h"

/* path, a directory relative to dirfd, and those above it are on disk on return. One that
 * is older than LASTING_OLD_MS is, and so are those above it; and each that this process
 * has seen to. Any thread. */
#define LASTING_OLD_MS (10 * 60 * 1000)
int lasting_dir(int dirfd, const char *path, struct err *e);

#endif
