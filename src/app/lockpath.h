/*
 * lockpath.h - lock files on disk, and what of one leads nowhere.
 */
#ifndef LARDER_APP_LOCKPATH_H
#define LARDER_APP_LOCKPATH_H

#include <sys/stat.h>

#include "base/err.h"
#include "mirror/route.h"
#include "oci/lockfile.h"

/* Errors as lockfile_parse, with the file's name; ERR_NOT_FOUND: there is none. */
int lockpath_read(const char *path, struct lockfile *out, struct err *e);
/* Which file is there, to be asked before it is read; st_ino 0: none, or none that can be
 * looked at. */
void lockpath_look(const char *path, struct stat *out);
/* In one step: whoever reads sees the old file or the new. A file that is there keeps its
 * mode and owner, a link stays one. ERR_BUSY: it is no more what lockpath_look saw, so
 * that somebody else's changes would be lost. */
int lockpath_write(const char *path, const struct lockfile *l, const struct stat *seen,
		   struct err *e);
/* To the log: how many tags the plan's lock has, and a line for each that no upstream
 * serves or that lives here: it locks nothing. Nothing where there is no lock. */
void lockpath_say(struct plan *p, const char *path);

#endif
