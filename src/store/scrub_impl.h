/*
 * scrub_impl.h - a run of scrub.c, for the files it is made of: the blobs
 * (scrub_blobs.c), what names them (scrub_names.c, scrub_links.c), notes (scrub_notes.c),
 * what does not belong there (scrub_strays.c), and what is wrong with blobs, whom it
 * harms (scrub_wounds.c).
 */
#ifndef LARDER_STORE_SCRUB_IMPL_H
#define LARDER_STORE_SCRUB_IMPL_H

#include "base/buf.h"
#include "oci/manifest.h"
#include "store/link.h"
#include "store/marks.h"
#include "store/scrub.h"

/* A blob that is not here as it should be. */
struct wound {
	struct digest digest;
	size_t number; /* its place in struct scrub's list */
	enum scrub_kind kind;
	char why[160];
	bool old;	  /* known from the quarantine alone, ... */
	bool expired;	  /* ... for so long that only who needs it keeps it there */
	bool out;	  /* its place is free */
	bool settled;	  /* told; ... */
	bool healed;	  /* ... and right again */
	bool asked;	  /* an image that is wanted needs it */
	bool is_manifest; /* a repository has it as one */
	bool perhaps;	  /* only if somebody names it */
	uint64_t bytes;
	char *image[SCRUB_MAX_IMAGES];
	size_t nimages, images;
	struct reponame *source;
	size_t nsources;
};

/* A manifest of the present repository to which a wound does harm. */
struct hurt {
	struct digest manifest;
	size_t wound;
	bool below; /* an index that is hurt has it */
};

/* Where a walk over all repositories is; part of what is written down. */
struct scrub_walk {
	struct reponame last; /* has been looked at; "": none yet */
	unsigned round;	      /* of those that ask whom what harms */
	bool grew;	      /* in this round more turned out to be wrong */
};

struct scrub {
	const struct scrub_ask *ask;
	struct scrubbed *out;
	struct store *s;
	struct scrub_state state;
	struct scrub_pass before; /* this run: of the same pass */
	struct scrub_walk walk;
	bool names_only;
	int64_t until_ms; /* monotonic; when to stop for now. INT64_MAX: never */
	/* scrub_state.c's: what was true at the last place where one may go on, and when
	 * that was written. */
	struct buf noted;
	bool is_written, too_much; /* whom what harms did not fit into it */
	int64_t written_ms;
	size_t written_wounds;
	uint64_t noted_blobs;
	struct marks *wanted; /* digests to look at; NULL: all */
	struct marks *right;  /* in quarantine, and only looked at */
	unsigned steps;
	unsigned char *chunk; /* of SCRUB_CHUNK_BYTES, aligned for the disk */
	struct wound **wound;
	size_t nwounds, fresh; /* those that nobody has been told of */
	/* Of what was found to harm, blobs that are not in their places: a run that
	 * hashes nothing knows them, too. */
	uint64_t harm_out, curable_out;
	uint64_t known;	       /* of the findings, those of earlier runs */
	struct map *by_digest; /* to struct wound */
	/* the present repository */
	const struct reponame *name;
	bool local, asked; /* it is wanted */
	bool checks;	   /* all that it has; else only whom wounds harm */
	struct marks *own; /* what its manifests name */
	bool own_full;	   /* not all of it could be noted, or read */
	struct hurt *hurt;
	size_t nhurt;
};

/* scrub.c: a small step; -1 with ERR_CANCELLED. */
int scrub_step(struct scrub *r, struct err *e);
int scrub_pace(struct scrub *r, uint64_t bytes, struct err *e);
/* Counts and tells of a finding that is no wound. */
void scrub_tell(struct scrub *r, enum scrub_kind kind, enum scrub_done done, bool harms,
		const char *path, const char *why);
void scrub_give(struct scrub *r, struct scrub_finding *f);
/* Mended (did) or not, or only looked at. */
enum scrub_done scrub_mended(const struct scrub *r, bool did);

/* Is it time to stop for now? */
bool scrub_over(const struct scrub *r);

/* scrub_blobs.c: from r->state.at on. 0: at the end; 1: the slice is over. */
int scrub_blobs(struct scrub *r, struct err *e);
/* Does that file have the digest? One that cannot be read does not. */
int scrub_blobs_is(struct scrub *r, int fd, uint64_t size, const struct digest *d,
		   bool *right, struct err *e);

/* scrub_quarantine.c: what lies there and is right goes back to its place. */
int scrub_quarantine(struct scrub *r, struct err *e);

/* scrub_names.c: every repository that is wanted, after r->walk.last. With r->checks, all
 * that it has; what is wounded is only noted. Without, whom that harms. 0: at the end; 1:
 * the slice is over. */
int scrub_names(struct scrub *r, struct err *e);
/* The digests of what is wanted into r->wanted. */
int scrub_names_want(struct scrub *r, struct err *e);

/* scrub_links.c: the present repository's links to manifests; its other links and its
 * tags. */
int scrub_links_revisions(struct scrub *r, struct err *e);
int scrub_links(struct scrub *r, struct err *e);

/* scrub_notes.c: the notes about the present repository; those of manifests' types; tags'
 * histories, also of repositories that are gone. */
int scrub_notes(struct scrub *r, struct err *e);
int scrub_notes_types(struct scrub *r, struct err *e);
int scrub_notes_histories(struct scrub *r, struct err *e);

/* scrub_strays.c: whatever has no business where it is. */
int scrub_strays(struct scrub *r, struct err *e);

/* scrub_wounds.c */
int scrub_wounds_load(struct scrub *r, struct err *e); /* those in quarantine */
void scrub_wounds_begin(struct scrub *r);	       /* there are none */
void scrub_wounds_free(struct scrub *r);
/* NULL: there are too many. Known already: that one. */
struct wound *scrub_wounds_add(struct scrub *r, const struct digest *d,
			       enum scrub_kind kind, const char *why);
struct wound *scrub_wounds_find(const struct scrub *r, const struct digest *d);
/* The file fd, or what has the name, is wrong: into quarantine, unless only looked at. */
void scrub_wounds_take(struct scrub *r, const struct digest *d, int fd,
		       enum scrub_kind kind, const char *why);
/* A manifest of the present repository names (or is) a wound. */
void scrub_wounds_hurt(struct scrub *r, const struct digest *manifest, struct wound *w,
		       uint64_t bytes);
/* All its manifests have been seen: which images that harms. */
int scrub_wounds_images(struct scrub *r, struct err *e);
/* All repositories have: repair and tell of what is a manifest. again: some are back, and
 * may name other wounds. */
int scrub_wounds_first(struct scrub *r, bool *again, struct err *e);
/* All are to be asked once more: of what has not been told. */
void scrub_wounds_forget_images(struct scrub *r);
/* Repair and tell of all others. */
int scrub_wounds_settle(struct scrub *r, struct err *e);
/* Does the next run have to know of it from the state? */
bool scrub_wounds_lasts(const struct scrub *r, const struct wound *w);

/* scrub_state.c: what was written down; with the wounds, or without. */
void scrub_state_take(struct scrub *r, bool wounds);
/* Here one may go on; it is written down now and then, ... */
void scrub_state_note(struct scrub *r);
/* ... or at once, ... */
void scrub_state_write(struct scrub *r);
/* ... or, since the run ends early, as it was at the last such place. */
void scrub_state_keep(struct scrub *r);

#endif
