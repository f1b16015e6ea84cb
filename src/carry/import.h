/*
 * import.h - images of a bundle into the store.
 *
 * First it is planned: what each image is to be called here, what it consists of, and
 * what of that the store lacks. Then the content is brought and compared with its
 * digests; then each image that is whole gets its manifests and, last, its tag. So one
 * that is cut short leaves content that the next finds there, and no name of half an
 * image. One thread, which blocks; a server may be running on the same store.
 *
 * An index is taken as it is, with those of its images that the bundle (or the store)
 * has; of an image all must be there. A mirrored name's tag counts as never compared with
 * its upstream, so what is served of it is marked stale until that is done.
 */
#ifndef LARDER_CARRY_IMPORT_H
#define LARDER_CARRY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "carry/bundle.h"
#include "mirror/parts.h"
#include "mirror/route.h"
#include "oci/imageref.h"
#include "store/store.h"

#define IMPORT_MAX_BLOBS 1000000

enum import_result {
	IMPORT_NONE,	/* not over */
	IMPORT_NEW,	/* the name was not here */
	IMPORT_MOVED,	/* it had been elsewhere */
	IMPORT_CURRENT, /* all was here */
	IMPORT_FAILED,	/* why */
};

const char *import_result_word(enum import_result r); /* "new", ...; static */

struct import_image {
	char shown[IMAGEREF_TEXT_MAX]; /* as people write it */
	struct reponame repo;	       /* in the store */
	char tag[TAG_MAX_BYTES + 1];   /* "": none */
	struct digest digest;
	const struct bundle_image *from;
	bool is_about; /* it has no name, and is about another of the repository */
	bool had;      /* the tag was here, ... */
	struct digest before;
	/* Of an index, the images in it: how many are here then, of how many. */
	size_t carried, listed;
	uint64_t bytes; /* of all that it consists of */
	enum import_result result;
	struct err why;
	/* its own */
	struct digest *manifest; /* children before what names them */
	struct parts_blob *blob;
	size_t nmanifests, nblobs;
	bool is_complete; /* nothing of it is missing in the repository */
};

struct import_job {
	/* filled by the caller; borrowed */
	struct store *store;
	struct plan *plan;
	struct bundle *from;
	/* "NAME" or "NAME:TAG": for the only image of the bundle, or for all that have no
	 * whole name. NULL: none. */
	const char *rename;
	const struct bundle_watch *watch; /* bytes, of all that are brought */
	/* out */
	struct import_image *image;
	size_t n;
	uint64_t bytes; /* that the store lacks */
	size_t blobs;
	uint64_t done_bytes;
};

struct import;

/* Changes nothing. Images that cannot be had are marked so. NULL: ERR_INVALID: rename is
 * no name, or ERR_LIMIT. */
struct import *import_plan(struct import_job *job, struct err *e);
/* What will become of one that has not failed. */
enum import_result import_expect(const struct import_image *image);
/* Brings what can be brought. -1: it could not go on (ERR_NO_SPACE, the bundle is cut,
 * ERR_CANCELLED, ...); images that had all by then are there, the others have failed. */
int import_run(struct import *x, struct err *e);
/* With job->image. */
void import_plan_free(struct import *x); /* NULL is fine */

#endif
