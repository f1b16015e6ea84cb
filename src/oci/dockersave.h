/*
 * dockersave.h - manifest.json of the archives that `docker save` makes and `docker load`
 * reads (moby image/tarexport): for each image its configuration, its names, and its
 * layers in order, as names of files in the archive. Pure.
 *
 * There is no manifest in an archive of Docker before 25: one is made here, from what the
 * archive has, always the same for the same archive. Its digest is ours; layers that are
 * not compressed stay so.
 */
#ifndef LARDER_OCI_DOCKERSAVE_H
#define LARDER_OCI_DOCKERSAVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "oci/digest.h"
#include "oci/manifest.h"

#define DOCKERSAVE_MAX_BYTES (16u << 20) /* of manifest.json */
#define DOCKERSAVE_MAX_IMAGES 10000
#define DOCKERSAVE_MAX_LAYERS 1000 /* of one image; engines take 127 */
#define DOCKERSAVE_CONFIG_MAX (4u << 20)

struct dockersave_image {
	const char *config;	  /* name of a file */
	const struct json *tags;  /* strings, perhaps none */
	const struct json *layer; /* strings: names of files, the lowest first */
};

/* Strings belong to it. */
struct dockersave {
	struct json *doc;
	struct dockersave_image *image;
	size_t n;
};

int dockersave_parse(struct view text, struct dockersave *out, struct err *e);
void dockersave_done(struct dockersave *d); /* also when zeroed */

/* An entry of a list that is written: "[", entries with commas between, "]". m has a
 * configuration; name: "python:3.11-slim", or NULL. -1: no room. */
int dockersave_add(struct buf *out, const struct manifest *m, const char *name);

enum dockersave_packing { DOCKERSAVE_PLAIN, DOCKERSAVE_GZIP, DOCKERSAVE_ZSTD };

/* How a layer is packed, by its first bytes (four are enough). */
enum dockersave_packing dockersave_packing(const void *p, size_t n);

struct dockersave_file {
	struct digest digest;
	uint64_t size;
	enum dockersave_packing packing;
};

/* Appends the OCI manifest of an image with this configuration. ERR_INVALID: it is no
 * image's, or has another number of layers. ERR_CORRUPT: a layer is not the one that the
 * configuration names (only those that are not packed can be told). */
int dockersave_make(struct buf *out, struct view config,
		    const struct dockersave_file *config_file,
		    const struct dockersave_file *layer, size_t nlayers, struct err *e);

#endif
