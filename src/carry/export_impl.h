/*
 * export_impl.h - what goes, for the files that plan and write it. Not for other folders.
 */
#ifndef LARDER_CARRY_EXPORT_IMPL_H
#define LARDER_CARRY_EXPORT_IMPL_H

#include "base/buf.h"
#include "base/map.h"
#include "carry/export.h"

struct export_item {
	struct digest digest;
	uint64_t size;
	bool spared; /* the other side has it */
};

struct export_entry {
	struct digest digest;
	uint64_t size;
	char *media_type;
	const char *name, *ref; /* of the image's; NULL: it is about another */
	char *own;		/* name, where no image has it */
};

struct export
{
	struct export_job *job;
	struct map *have;	  /* by digest: what the other side has */
	struct map *seen;	  /* by digest: what goes */
	struct export_item *item; /* manifests first, each after what it names */
	size_t nitems, nmanifests;
	struct export_item *blob; /* while it is planned */
	size_t nblobs;
	struct export_entry *entry; /* of index.json */
	size_t nentries;
	struct map *named; /* by digest and name: entries there are */
	struct buf docker; /* manifest.json, without its brackets */
	size_t ndocker;
};

/* Digests of all blobs that the images of a bundle name, into have. */
int export_about_since(struct map *have, struct bundle *b, struct err *e);

/* The manifests that are about an image's, and the tags that clients make for such:
 * add(arg, digest, tag) for each that the repository has; tag NULL: none. */
int export_about_each(struct store *s, const struct reponame *repo,
		      const struct digest *subject,
		      int (*add)(void *arg, const struct digest *d, const char *tag,
				 struct err *e),
		      void *arg, struct err *e);

/* index.json with the entries of x after those of old (may be NULL) that x does not
 * replace. */
struct ocilayout;
int export_write_index(const struct export *x, const struct ocilayout *old,
		       struct buf *out, struct err *e);

/* export_prune.c: removes what the folder's index.json leads to no more. ERR_CORRUPT: a
 * manifest there is damaged, and nothing was removed. */
int export_prune(struct export_job *job, int dirfd, struct err *e);

#endif
