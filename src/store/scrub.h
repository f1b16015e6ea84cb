/*
 * scrub.h - looking at all that a store has: is it what its name says?
 *
 * Blobs are read past the page cache and hashed, at the pace of who asks. What is wrong
 * goes into quarantine (quarantine.h), so that it is served no more. Then everything that
 * gives names: links, tags, notes, folders; what can be made right from the rest of the
 * store is, and the rest is told with the images that it harms.
 *
 * It runs beside serving, pushing, collecting and other processes; one at a time in a
 * store. Memory is bounded whatever the store holds: of more than SCRUB_MAX_WOUNDS
 * wrong blobs at once, the others wait for the next run.
 *
 * A pass goes through stages; in which it is, where in it, and what it has found so far
 * is written down (LAYOUT_SCRUB_STATE) all ten seconds or so, between two folders of
 * blobs or two repositories, so that the next run goes on there whatever ended this one.
 * What comes behind that place is for the next pass.
 */
#ifndef LARDER_STORE_SCRUB_H
#define LARDER_STORE_SCRUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/layout.h"
#include "store/store.h"

#define SCRUB_MAX_WOUNDS 10000
#define SCRUB_MAX_IMAGES 8  /* of those that something harms, by name; the rest counts */
#define SCRUB_MAX_SOURCES 4 /* mirrored repositories to have a blob from */
#define SCRUB_CHUNK_BYTES (1u << 20)

enum scrub_kind {
	SCRUB_CORRUPT,	  /* a blob whose bytes have another digest */
	SCRUB_EMPTY,	  /* one without any bytes, though its digest is of some */
	SCRUB_UNREADABLE, /* the disk, or the rights, say no */
	SCRUB_MISSING,	  /* one that was here, or must be, and is not */
	SCRUB_MANIFEST,	  /* stored as a manifest, and none */
	SCRUB_LINK,	  /* torn, or it says another digest than its path */
	SCRUB_DANGLING,	  /* a local repository's link to what is not here nor needed */
	SCRUB_TAG,	  /* torn, or it leads to no manifest of its repository */
	SCRUB_NOTE,	  /* larder's own: torn, changed, or of what is gone */
	SCRUB_REFERRER,	  /* a note about a subject that is wrong or lacks */
	SCRUB_STRAY,	  /* does not belong where it is */
	SCRUB_KINDS
};

enum scrub_done {
	SCRUB_LEFT,	   /* nothing could be done */
	SCRUB_MENDED,	   /* made right from what else the store has */
	SCRUB_REPAIRED,	   /* fetched again */
	SCRUB_QUARANTINED, /* out of the way, and nobody needs it */
	SCRUB_TOLD,	   /* only looked for; or nothing is to be done */
};

const char *scrub_kind_word(enum scrub_kind k); /* "corrupt", ... Static, as below */
const char *scrub_done_word(enum scrub_done d);

struct scrub_finding {
	enum scrub_kind kind;
	enum scrub_done done;
	bool harms;	  /* somebody may not get what should be here */
	bool known;	  /* from an earlier run, or from who served */
	layout_path path; /* what is wrong */
	char why[400];
	bool has_digest; /* of a blob, a link's or a tag's target */
	struct digest digest;
	uint64_t bytes; /* that a manifest says it has; 0: none does */
	bool is_manifest;
	/* A tag's, else empty. */
	struct reponame repository;
	char tag[TAG_MAX_BYTES + 1];
	/* "name:tag", else "name@sha256:...", as in the store. */
	const char *image[SCRUB_MAX_IMAGES];
	size_t nimages, images;	       /* those above, and all there are */
	const struct reponame *source; /* mirrored repositories that have or name it */
	size_t nsources;
};

struct scrub_ask {
	struct store *store;
	bool look;  /* change nothing */
	bool go_on; /* where the last run ended, if it did not reach the end */
	/* No hashing: what is known, and what names it. Not resumable. While a pass is
	 * under way this is a piece of that. */
	bool names_only;
	int64_t slice_ms; /* stop after that, between two places; 0: at the end */
	/* All are called on the calling thread. */
	bool (*is_local)(void *arg, const struct reponame *name); /* NULL: all are */
	/* Is that image wanted? tag "": all of the repository. NULL: everything is; only
	 * then strays are looked for, and it counts as a full pass. */
	bool (*want)(void *arg, const struct reponame *name, const char *tag);
	/* So many bytes have been read since the last call (0: a small step): sleep as
	 * the rate says. False: that is enough. */
	bool (*pace)(void *arg, uint64_t bytes);
	/* Something harms, and may be had from its sources: fetch it, set done to
	 * SCRUB_REPAIRED, or say in why what hindered. NULL: nobody can. */
	void (*repair)(void *arg, struct scrub_finding *f);
	void (*found)(void *arg, const struct scrub_finding *f);
	void *arg;
};

struct scrubbed {
	bool complete; /* all that was asked for has been looked at */
	uint64_t blobs, bytes;
	uint64_t repositories, manifests, links;
	uint64_t found[SCRUB_KINDS];
	uint64_t findings, mended, repaired, quarantined;
	uint64_t harmed;  /* findings that still harm */
	uint64_t curable; /* of them, what a mirrored repository has; later, perhaps */
};

/* ERR_CANCELLED: pace() said so; where it was is written down. ERR_BUSY: another process
 * or thread scrubs. ERR_IO: a folder that holds all others cannot be read. */
int scrub_run(const struct scrub_ask *ask, struct scrubbed *out, struct err *e);

/* The stages of a pass, in their order. */
enum scrub_stage {
	SCRUB_AT_BLOBS,	 /* hashing */
	SCRUB_AT_HARM,	 /* between two pieces of it: whom the wrong ones harm; repair */
	SCRUB_AT_NAMES,	 /* repositories: manifests, links, tags, notes */
	SCRUB_AT_NOTES,	 /* notes that belong to no repository */
	SCRUB_AT_STRAYS, /* what does not belong there */
	SCRUB_AT_END,	 /* whom what is wrong harms; repair */
	SCRUB_STAGES
};

const char *scrub_state_word(enum scrub_stage at); /* "blobs", ... */

/* What is known without a run. Times are of the wall clock, in ms; 0: never. */
struct scrub_state {
	int64_t began_ms; /* of the pass under way */
	int64_t ended_ms; /* the last full pass */
	enum scrub_stage stage;
	unsigned at; /* of SCRUB_PLACES of blobs, done in the pass under way */
	uint64_t harmed, curable; /* at the end of the last run that told */
	/* Of those, what only a full pass looks at. */
	uint64_t lasting, lasting_curable;
	/* Of the pass under way, in all its runs; else of the last one. Findings are
	 * those that were not known before. */
	struct scrub_pass {
		uint64_t blobs, bytes, repositories, manifests, links;
		uint64_t findings, mended, repaired, quarantined;
		uint64_t lasting, lasting_curable;
	} pass;
};
#define SCRUB_PLACES 8192
/* A state that is torn, or of another larder, says that there was no pass. */
void scrub_state_read(struct store *s, struct scrub_state *out);
/* How much of the pass under way is done, from 0 to 1; the blobs are nine tenths. */
double scrub_state_share(const struct scrub_state *st);

#endif
