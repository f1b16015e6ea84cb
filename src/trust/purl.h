/*
 * purl.h - package URLs, the names by which other tools know packages and images
 * (ECMA-427; types deb, apk, rpm, pypi and oci of the purl specification; the qualifiers
 * distro and upstream as Syft and Grype write and read them). Pure.
 */
#ifndef LARDER_TRUST_PURL_H
#define LARDER_TRUST_PURL_H

#include "base/buf.h"
#include "oci/digest.h"
#include "trust/contents.h"
#include "trust/package.h"

/* Four texts of a package, each byte in three, and what stands between. */
#define PURL_MAX_BYTES (6 * 3 * PACKAGE_TEXT_MAX + 1024)

/* "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc". -1: over
 * out's limit. */
int purl_package(const struct package *p, const struct contents_os *os, struct buf *out);
/* "pkg:oci/python@sha256:...?arch=amd64&repository_url=docker.io%2Flibrary%2Fpython".
 * repository: with its host; tag: "" for none. */
int purl_image(const char *repository, const char *tag, const struct digest *digest,
	       const char *arch, struct buf *out);

#endif
