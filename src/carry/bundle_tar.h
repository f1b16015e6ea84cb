/*
 * bundle_tar.h - an archive as its files know it. Not for other folders.
 */
#ifndef LARDER_CARRY_BUNDLE_TAR_H
#define LARDER_CARRY_BUNDLE_TAR_H

#include "base/buf.h"
#include "base/map.h"
#include "codec/tar.h"
#include "carry/bundle.h"
#include "oci/dockersave.h"

#define BUNDLE_TAR_NAME_MAX 255 /* longer ones are nobody's */

struct bundle_file {
	uint64_t size;
	char *link;		  /* it is one: where it leads */
	bool is_layer, is_config; /* in Docker's list */
	bool known;
	struct digest digest; /* with known */
	enum dockersave_packing packing;
	struct buf body; /* of a configuration */
};

struct bundle_tar {
	int fd;
	const struct bundle_watch *watch;
	uint64_t all;		  /* bytes of it */
	struct map *file;	  /* by name */
	struct map *blob;	  /* by digest: files, not owned */
	struct map *manifest;	  /* by digest: struct stored */
	size_t kept_bytes;	  /* of manifests and configurations */
	struct buf index, docker; /* index.json, manifest.json */
	bool has_index, has_docker;
	char folder[BUNDLE_TAR_NAME_MAX + 1]; /* has an index.json; the top has not */
};

/* A digest's text, as long as the expression that it is made in. */
struct bundle_text {
	char s[DIGEST_TEXT_MAX];
};

static inline struct bundle_text bundle_text(const struct digest *d)
{
	struct bundle_text t;

	digest_text(d, t.s);
	return t;
}

/* fn for each entry, until it returns other than 0. */
int bundle_tar_each(struct bundle_tar *a,
		    int (*fn)(struct bundle_tar *a, struct tar_reader *r,
			      const struct tar_entry *entry, void *arg, struct err *e),
		    void *arg, struct err *e);
/* The watch is told; -1: interrupted. */
int bundle_tar_look(const struct bundle_tar *a, const struct tar_reader *r,
		    struct err *e);

/* The images of manifest.json, after the first reading. */
int bundle_docker_read(struct bundle *b, struct bundle_tar *a, struct err *e);

#endif
