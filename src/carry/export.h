/*
 * export.h - images of the store to be carried away: as an OCI layout in a folder, or in
 * a tar, which `docker load` takes, too.
 *
 * First it is planned what goes, then it is written. Digests stay what they are; an index
 * of which only some platforms go stays the same index. All that is written is hashed on
 * the way. One thread, which blocks.
 */
#ifndef LARDER_CARRY_EXPORT_H
#define LARDER_CARRY_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "carry/bundle.h"
#include "oci/imageref.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"

#define EXPORT_MAX_BLOBS 1000000 /* manifests counted, too */

struct export_image {
	/* filled by the caller */
	struct reponame repo; /* in the store */
	struct digest digest;
	char name[IMAGEREF_TEXT_MAX]; /* "docker.io/library/python:3.11-slim", or @... */
	const char *tag;	      /* borrowed; NULL: none */
	/* Which of an index; n 0: all. is_open: those that are here. */
	struct platform *platform; /* borrowed */
	size_t nplatforms;
	bool is_open;
	/* out */
	bool failed;
	struct err why;
	struct digest root; /* what goes under that name */
	uint64_t bytes;	    /* of all that it consists of */
	/* Of an index, the images in it: how many go, of how many. */
	size_t carried, listed;
};

struct export_job {
	/* filled by the caller; borrowed */
	struct store *store;
	struct export_image *image;
	size_t n;
	bool docker;	      /* one platform of each image, as `docker save` has it */
	struct platform here; /* for engines, where nothing else is said */
	bool referrers; /* what is about an image goes along, as far as it is here */
	bool prune;	/* of a folder: what its list leads to no more goes, afterwards */
	struct bundle **since; /* what the other side has already */
	size_t nsince;
	const struct bundle_watch *watch; /* bytes, of all that will be written */
	/* out */
	uint64_t bytes;		 /* of content, to be written */
	uint64_t spared_bytes;	 /* the other side has it, or the folder */
	size_t blobs, spared;	 /* the same, counted */
	size_t manifests, about; /* manifests that go; of them referrers */
	size_t gone;		 /* pruned files, ... */
	uint64_t gone_bytes;
	bool loadable; /* by `docker load`: a tar with all layers */
};

struct export;

/* Looks at everything, writes nothing. An image that cannot go is marked so; the others
 * do. NULL: ERR_LIMIT, or something cannot be read. */
struct export *export_plan(struct export_job *job, struct err *e);
void export_plan_free(struct export *x); /* NULL is fine */

/* The whole of a tar to fd, in order (a pipe is fine). When it fails, what was written
 * is no whole archive. ERR_CORRUPT: the store's own copy of something is. */
int export_to_tar(struct export *x, int fd, struct err *e);
/* Into a folder: what it has already stays (and is not compared byte by byte), its images
 * too, but for those of the same name. Its index.json is replaced last, in one step; when
 * it fails before, the next time goes on from there. ERR_BUSY: another is at it;
 * ERR_INVALID: the folder has other things in it. */
int export_dir_write(struct export *x, int dirfd, struct err *e);

#endif
