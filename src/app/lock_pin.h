/*
 * lock_pin.h - `larder lock --pin` and `--unpin`: a lock file's digests in a source tree.
 */
#ifndef LARDER_APP_LOCK_PIN_H
#define LARDER_APP_LOCK_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/lockfile.h"

struct lock_pin {
	bool undo; /* --unpin */
	bool dry_run;
	const struct lockfile *lock; /* with undo: not looked at */
	char **path;		     /* files and folders; none: this folder */
	size_t npaths;
	char **envp; /* for the variables of compose files and image lists */
};

/* Prints what it does. An exit status of options.h. */
int lock_pin_run(const struct lock_pin *p);

#endif
