/*
 * bundle.h - images that came from elsewhere, in a form that is carried: an OCI layout in
 * a folder or a tar, an archive of `docker save`, or another store.
 *
 * Nothing of it is believed: content is looked for by its digest only, and whoever takes
 * it compares. What can be many or large has limits (ERR_LIMIT). Opening reads a tar
 * through once, one of Docker's older form twice. One thread at a time.
 */
#ifndef LARDER_CARRY_BUNDLE_H
#define LARDER_CARRY_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/mcache.h"
#include "store/store.h"

#define BUNDLE_MAX_FILES 300000
#define BUNDLE_MAX_MANIFEST_BYTES                                                        \
	(256u << 20) /* of all, those of a tar are in memory                             \
		      */
#define BUNDLE_MAX_IMAGES 200000

struct bundle_image {
	/* What it is called there; NULL: not at all. ref: the tag, or anything. */
	char *name, *ref;
	/* Of another store: its place, which it keeps. tag "": none. */
	bool is_placed;
	struct reponame repo;
	char tag[TAG_MAX_BYTES + 1];
	struct digest digest;
	char media_type[MEDIATYPE_MAX]; /* "": what the bytes say */
	bool is_made; /* there was no manifest: it was made from what there was */
	bool is_bad;  /* nothing can be had of it: why */
	struct err why;
};

/* Is told how far a long reading is (bytes of the tar; all: its size); false ends it. */
struct bundle_watch {
	bool (*step)(void *arg, uint64_t place, uint64_t all);
	void *arg;
};

/* Reads on, as tar_reader_data does. */
typedef int (*bundle_read)(void *from, void *p, size_t room, size_t *n, struct err *e);

struct bundle_ops;

struct bundle {
	const struct bundle_ops *ops;
	struct bundle_image *image;
	size_t n;
	void *data;
};

struct bundle_ops {
	int (*manifest)(struct bundle *b, const struct digest *d, struct stored **out,
			struct err *e);
	bool (*has)(struct bundle *b, const struct digest *d, uint64_t *size);
	int (*fetch)(struct bundle *b, const struct digest *want, size_t n,
		     int (*take)(void *arg, const struct digest *d, uint64_t size,
				 bundle_read read, void *from, struct err *e),
		     void *arg, struct err *e);
	void (*done)(struct bundle *b);
};

/* fd is borrowed and stays open as long as the bundle: of a folder; of a file that can be
 * read at any offset. */
int bundle_open_dir(int fd, struct bundle **out, struct err *e);
int bundle_tar_open(int fd, const struct bundle_watch *watch, struct bundle **out,
		    struct err *e); /* ERR_INVALID: it is no such archive */
/* The tags of another store (borrowed) for which want says so, and manifests without a
 * tag that are about another of their repository. want NULL: all. */
int bundle_open_store(struct store *s,
		      bool (*want)(void *arg, const char *repo, const char *tag),
		      void *arg, struct bundle **out, struct err *e);
void bundle_close(struct bundle *b); /* NULL is fine */

/* A reference the caller releases; it matches its digest. ERR_NOT_FOUND. */
int bundle_manifest(struct bundle *b, const struct digest *d, struct stored **out,
		    struct err *e);
bool bundle_has(struct bundle *b, const struct digest *d, uint64_t *size);
/* Calls take for those of the wanted digests that are there, once each, in the order that
 * is quickest, with what reads its bytes. take need not read all. -1: take has said so,
 * or the bundle cannot be read any further. */
int bundle_fetch(struct bundle *b, const struct digest *want, size_t n,
		 int (*take)(void *arg, const struct digest *d, uint64_t size,
			     bundle_read read, void *from, struct err *e),
		 void *arg, struct err *e);

/* For its kinds: a new image at the end of the list, zeroed; NULL: too many. */
struct bundle_image *bundle_add(struct bundle *b, struct err *e);
/* The images that an index.json names. */
int bundle_add_layout(struct bundle *b, struct view index, struct err *e);

#endif
