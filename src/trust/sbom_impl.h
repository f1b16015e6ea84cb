/*
 * sbom_impl.h - what the two formats of sbom.h have in common.
 */
#ifndef LARDER_TRUST_SBOM_IMPL_H
#define LARDER_TRUST_SBOM_IMPL_H

#include <stddef.h>

#include "base/buf.h"
#include "codec/jsonout.h"
#include "trust/sbom.h"

#define SBOM_UUID_TEXT 37
#define SBOM_ID_TEXT 17
#define SBOM_TIME_TEXT 24

/* "2024-01-02T03:04:05Z" */
void sbom_time(int64_t when_s, char out[SBOM_TIME_TEXT]);
/* Of the document: of what it is about, its time and this version of larder; so that two
 * that differ have different ones (RFC 9562, version 8). */
void sbom_uuid(const char *format, const struct contents *c,
	       const struct sbom_image *image, char out[SBOM_UUID_TEXT]);
/* A package's, the same in every document: 16 hexadecimal digits of a digest over its
 * package URL and its database's path, by which two of an image differ. */
void sbom_id(const char *purl, const char *path, char out[SBOM_ID_TEXT]);
/* "docker.io/library/python:3.11-slim", or "...@sha256:..." without a tag. */
int sbom_name(const struct contents *c, const struct sbom_image *image, struct buf *out);
/* The package URLs of image and package, each time in place of what is in out. */
int sbom_image_purl(const struct contents *c, const struct sbom_image *image,
		    struct buf *out);
int sbom_package_purl(const struct contents *c, size_t i, struct buf *out);

/* The formats: what goes into j, which says itself when it is full. */
void sbom_spdx(const struct contents *c, const struct sbom_image *image,
	       struct jsonout *j);
void sbom_cyclonedx(const struct contents *c, const struct sbom_image *image,
		    struct jsonout *j);

#endif
