/*
 * scan_find.h - the images that `larder scan` is about, from their names to their
 * packages.
 */
#ifndef LARDER_APP_SCAN_FIND_H
#define LARDER_APP_SCAN_FIND_H

#include <stdbool.h>

#include "app/imageargs.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/imageref.h"
#include "oci/platform.h"
#include "oci/reference.h"

struct scan;

/* From names to targets; those that are not in the store are pulled. -1: nothing could
 * begin. What cannot be had is a target that has failed. */
int scan_find(struct scan *s, char **operand, size_t n, struct err *e);
/* What is inside of those that have not failed; their packages become s->vuln's. -1:
 * what ends the command (ERR_LIMIT). */
int scan_read(struct scan *s, struct err *e);
void scan_targets_done(struct scan *s);

/* An image of the store, of that platform; sets manifest. ERR_NOT_FOUND: not all of it is
 * there. */
int scan_choose(struct scan *s, const struct reponame *repo, const struct digest *root,
		const struct platform *platform, struct digest *manifest, struct err *e);
/* Brings images, or (look) asks where they are at their upstreams. args->arg[i]->im says
 * what came of it. */
void scan_gather(struct scan *s, struct imageargs *args, bool look);
/* One more for it; all is copied. nplatforms 0: all. */
void scan_gather_add(struct imageargs *args, const struct imageref *image,
		     const struct platform *platform, size_t nplatforms);

#endif
