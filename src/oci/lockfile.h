/*
 * lockfile.h - larder.lock: which bytes each tag stands for. Pure.
 *
 *	larder-lock 1
 *	# Comments before the first image stay where they are.
 *
 *	# One right above an image belongs to it.
 *	docker.io/library/python:3.11-slim
 *	  digest     sha256:...
 *	  type       application/vnd.oci.image.index.v1+json
 *	  platforms  linux/amd64, linux/arm64/v8
 *	  for        linux/amd64
 *	  from       https://registry-1.docker.io
 *	  locked     2026-11-26T06:00:00Z
 *
 * The first line says what the file is and its version; another version is refused. An
 * image stands at a line's begin, in full and without digest; what is said of it on the
 * indented lines after it, each word once. "digest" must be there. Written, images are
 * sorted by name, each with an empty line before it, so that a change of one is a few
 * lines of a diff that begin with its name.
 */
#ifndef LARDER_OCI_LOCKFILE_H
#define LARDER_OCI_LOCKFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/imageref.h"
#include "oci/manifest.h"
#include "oci/platform.h"

#define LOCKFILE_NAME "larder.lock" /* where nothing else is said */
#define LOCKFILE_VERSION 1
#define LOCKFILE_MAX_BYTES (16u << 20)
#define LOCKFILE_MAX_ENTRIES 100000
#define LOCKFILE_MAX_LINE 4096 /* bytes */
#define LOCKFILE_MAX_PLATFORMS 64
#define LOCKFILE_MAX_COMMENT 16384 /* bytes before one image */

struct lockfile_entry {
	/* Canonical (imageref_canonical): host, name, tag and digest are all set, so that
	 * imageref_text(&image) is "docker.io/library/python:3.11-slim@sha256:..." */
	struct imageref image;
	char *media_type;	   /* of what the digest names; "": not said */
	struct platform *platform; /* that it has; none: it is one platform's, or not
				      said */
	size_t nplatforms;
	struct platform *wish; /* of those, what is wanted; none: not said */
	size_t nwishes;
	char *from;	  /* the upstream's URL that said so; "": not said */
	int64_t locked_s; /* seconds since 1970 when it did; 0: not said */
	int64_t as_of_s;  /* it is what the tag was then; 0: when it was locked */
	char *comment;	  /* "# ..." lines, each with its end; NULL: none */
	unsigned line;	  /* from 1, where it was read; 0: added since */
};

struct lockfile {
	struct lockfile_entry **entry; /* sorted by host, name, tag; its own */
	size_t n;
	char *head; /* comment lines before the first image; NULL: none */
	char *tail; /* those after the last */
};

#define LOCKFILE_INIT ((struct lockfile){ NULL, 0, NULL, NULL })

/* ERR_INVALID: names the line, what is wrong and what to do: an image twice, too. The
 * images' order does not matter. ERR_LIMIT: over one of the limits. *out is set on
 * success; lockfile_done releases. */
int lockfile_parse(struct view text, struct lockfile *out, struct err *e);
void lockfile_done(struct lockfile *l); /* also when zeroed or done */
/* The same bytes for the same entries, whatever they were read from. ERR_LIMIT: over
 * out's limit. */
int lockfile_write(const struct lockfile *l, struct buf *out, struct err *e);

/* O(log n); NULL: not locked. host, name and tag in canonical form. The answer is valid
 * until the file is changed. */
const struct lockfile_entry *lockfile_find(const struct lockfile *l, const char *host,
					   const char *name, const char *tag);
/* The same of an image as people write it; names without a host are Docker Hub's. NULL
 * too for one without a tag. A digest of r is not looked at. */
const struct lockfile_entry *lockfile_find_image(const struct lockfile *l,
						 const struct imageref *r);
/* The entries of a repository, *n of them; NULL: none. */
const struct lockfile_entry *const *lockfile_find_name(const struct lockfile *l,
						       const char *host, const char *name,
						       size_t *n);

/* Add an entry, or put it in the place of the one with its image (whose comment stays,
 * unless the new one has one). Copies all; *entry is not changed. ERR_LIMIT: too many.
 * ERR_INVALID: not canonical, or without digest. */
int lockfile_put(struct lockfile *l, const struct lockfile_entry *entry, struct err *e);
/* False: it was not there. */
bool lockfile_remove(struct lockfile *l, const char *host, const char *name,
		     const char *tag);

#endif
