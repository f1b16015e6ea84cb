/*
 * load_tar.h - an image as a stream of tar, for an engine to load.
 *
 * An OCI layout with Docker's manifest.json beside, of one image with one name.
 */
#ifndef LARDER_MIRROR_LOAD_TAR_H
#define LARDER_MIRROR_LOAD_TAR_H

#include <stdatomic.h>

#include "mirror/choose.h"
#include "mirror/tarball.h"

struct load_tar;

/* name: "docker.io/library/python:3.11-slim". All is borrowed and must outlive it. sent
 * (may be NULL) counts what was handed on since the start. */
struct load_tar *load_tar_new(struct store *s, const struct choice *image,
			      const char *name, atomic_ullong *sent);
void load_tar_free(struct load_tar *t); /* NULL is fine */
/* The archive; belongs to t. */
struct tarball *load_tar_ball(struct load_tar *t);

#endif
