/*
 * lockfile_read.h - the lines of a lock file, for lockfile.c alone.
 */
#ifndef LARDER_OCI_LOCKFILE_READ_H
#define LARDER_OCI_LOCKFILE_READ_H

#include "oci/lockfile.h"

/* All entries in the order of the text, whatever that is; each with its line. *out is
 * added to, also where it fails. */
int lockfile_read_text(struct view text, struct lockfile *out, struct err *e);

#endif
