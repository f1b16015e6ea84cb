/*
 * pin.h - the references of a source tree get the digests of a lock, and lose them again
 * (discover/rewrite.h): `larder lock --pin` and `--unpin`.
 *
 * A file is written in one step, keeps its mode and owner, and is only written if taking
 * the digests out again gives exactly what it was.
 */
#ifndef LARDER_APP_PIN_H
#define LARDER_APP_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "discover/discover.h"
#include "oci/digest.h"
#include "oci/imageref.h"

struct pin {
	bool undo;    /* take the digests out */
	bool dry_run; /* say what would be written, and write nothing */
	/* true: *out is the digest that the image's tag is locked to. Not called with
	 * undo.
	 */
	bool (*locked)(void *arg, const struct imageref *image, struct digest *out);
	void *arg;
	FILE *say;	  /* a line for each file that is changed */
	FILE *warn;	  /* a line for each reference that is not pinned, and why */
	const char *name; /* what these lines begin with: "larder lock" */
	/* out */
	size_t files;	/* written */
	size_t places;	/* references that were changed in them */
	size_t right;	/* that were as they should be */
	size_t skipped; /* that could not be pinned, or unpinned, and were named */
	size_t failed;	/* files that could not be written, and were named */
};

/* -1: nothing was looked through, and *e says why. */
int pin_run(struct pin *p, struct discover *d, struct err *e);

#endif
