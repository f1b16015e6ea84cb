/*
 * ocilayout.h - the files of an OCI image layout (image-spec image-layout.md): the list
 * of its images, index.json, and where content is. Pure.
 *
 * An image is called by two annotations: "io.containerd.image.name" has the whole name
 * ("docker.io/library/python:3.11-slim"), as containerd, Docker and Podman write and read
 * it; "org.opencontainers.image.ref.name" is the tag alone, or, of other tools, anything.
 */
#ifndef LARDER_OCI_OCILAYOUT_H
#define LARDER_OCI_OCILAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "oci/digest.h"
#include "oci/manifest.h"

#define OCILAYOUT_MAX_BYTES (16u << 20) /* of index.json */
#define OCILAYOUT_MAX_IMAGES 20000
#define OCILAYOUT_PATH_MAX (DIGEST_TEXT_MAX + 8)

/* The content of the file "oci-layout". */
extern const char ocilayout_version[];

struct ocilayout_image {
	struct digest digest;
	uint64_t size;
	const char *media_type; /* "": not said */
	const char *name, *ref; /* the annotations; NULL: not there */
	const struct json *json;
};

/* Strings belong to it. */
struct ocilayout {
	struct json *doc;
	struct ocilayout_image *image;
	size_t n;
};

/* index.json. ERR_INVALID: it is no list of descriptors; ERR_LIMIT. */
int ocilayout_parse(struct view text, struct ocilayout *out, struct err *e);
void ocilayout_done(struct ocilayout *l); /* also when zeroed */

/* A list, written: begin, add, end; no more than out has room for (-1). name and ref may
 * be NULL; count is of those that were added before. */
int ocilayout_begin(struct buf *out);
int ocilayout_add(struct buf *out, size_t count, const struct ocilayout_image *image);
/* One that was read, as it was. */
int ocilayout_keep(struct buf *out, size_t count, const struct ocilayout_image *image);
int ocilayout_end(struct buf *out);

/* "blobs/sha256/<hex>" */
void ocilayout_path(const struct digest *d, char out[OCILAYOUT_PATH_MAX]);
/* Is path such a one? */
bool ocilayout_is_path(const char *path, struct digest *d);

#endif
