/*
 * load_tar.h - an image as a stream of tar, for an engine to load.
 *
 * Pulled, a piece at a time, by whoever sends it; memory is one piece. Blobs are read as
 * they are sent; one that is missing, cut or not what its digest says ends the stream
 * before the archive is whole, so that no engine takes it.
 */
#ifndef LARDER_MIRROR_LOAD_TAR_H
#define LARDER_MIRROR_LOAD_TAR_H

#include <stdatomic.h>

#include "mirror/choose.h"
#include "upstream/transport.h"

struct load_tar;

/* name: "docker.io/library/python:3.11-slim". All is borrowed and must outlive it. sent
 * (may be NULL) counts what was handed on since the start. */
struct load_tar *load_tar_new(struct store *s, const struct choice *image,
			      const char *name, atomic_ullong *sent);
void load_tar_free(struct load_tar *t); /* NULL is fine */
/* To be sent; belongs to t. */
const struct transport_body *load_tar_body(struct load_tar *t);
/* Of all of it, for people: names and sizes beyond plain tar add some. */
uint64_t load_tar_bytes(const struct load_tar *t);

#endif
