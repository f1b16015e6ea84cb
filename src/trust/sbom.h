/*
 * sbom.h - what is inside an image, as a software bill of materials that other tools
 * read: SPDX 2.3 or CycloneDX 1.6, in JSON.
 *
 * The same contents give the same bytes, but for the time. Packages are named by package
 * URLs as well (trust/purl.h). Pure.
 */
#ifndef LARDER_TRUST_SBOM_H
#define LARDER_TRUST_SBOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/contents.h"

/* Of a limit for out: enough for PACKAGE_MAX_COUNT packages of the longest texts is more
 * than anyone has; ERR_LIMIT says so. */
#define SBOM_MAX_BYTES (256u << 20)

enum sbom_format {
	SBOM_SPDX,	/* spdx.github.io/spdx-spec/v2.3 */
	SBOM_CYCLONEDX, /* cyclonedx.org/docs/1.6/json */
};

/* What the image is called, besides its digest, which the contents have. */
struct sbom_image {
	const char *name; /* in full, without tag: "docker.io/library/python" */
	const char *tag;  /* "3.11-slim"; "": asked for by digest */
	int64_t when_s;	  /* the document's time, seconds since 1970 (see sbom_when) */
};

/* "spdx", "cyclonedx", also with "-json" after it, in any case. ERR_INVALID: another. */
int sbom_format_parse(const char *text, enum sbom_format *out, struct err *e);
/* SOURCE_DATE_EPOCH of env if it is a number (reproducible-builds.org), else now. */
int64_t sbom_when(char **env);
/* Appends the document, with a newline at its end. ERR_LIMIT: over out's limit. */
int sbom_write(enum sbom_format format, const struct contents *c,
	       const struct sbom_image *image, struct buf *out, struct err *e);

#endif
