/*
 * history.h - where a tag has been: every move of it, with when and from where.
 *
 * One checked file a tag (store/note.h), bounded, larder/history/<name>/_tags/<tag>. It
 * holds no content, and stays when the tag is pruned or evicted: what the tag led to can
 * be had by digest from where it came. A tag is set first and its move noted then, a
 * deletion noted first: a crash in between leaves a record too few, never a wrong one,
 * and that is seen at the next look, by the tag's links (store/layout.h) and their times.
 * A deletion on a full disk goes on without a note; that a pushed tag is not there says
 * so. The same links are the history of a store that has none yet. A file that is torn
 * counts as not there; the log names it. Any thread, any number of processes.
 */
#ifndef LARDER_STORE_HISTORY_H
#define LARDER_STORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/removal.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

#define HISTORY_MAX_MOVES 1000 /* of one tag; then the oldest goes with each new one */
#define HISTORY_FROM_MAX 256   /* bytes of `from`, with its NUL */

/* From where a move came, where that was no upstream's host. */
#define HISTORY_PUSH "push"
#define HISTORY_IMPORT "import"
#define HISTORY_LOCK "lock"	/* a lock file says so, whatever the upstream does */
#define HISTORY_DELETE "delete" /* somebody asked for it */
#define HISTORY_PRUNE "prune"	/* a rule or a command of larder's, of what lives here */
#define HISTORY_LINKS "links"	/* found out by the tag's links: as far as they tell */

struct history_move {
	int64_t ms;	      /* wall clock; from then on ... */
	bool gone;	      /* ... there was no such tag, ... */
	struct digest digest; /* ... or it led to this */
	const char *from;     /* a word above or a host; no longer than the history */
};

struct history {
	struct history_move *move; /* in the order they were noted, the oldest first */
	size_t n;
	bool is_full; /* older ones have gone, or will with the next */
	struct buf text;
};

/* All that is known of a tag. ERR_NOT_FOUND: nothing; the message says so. On success
 * history_done releases. Reads some small files. */
int history_read(struct store *s, const struct reponame *name, const char *tag,
		 struct history *out, struct err *e);
void history_done(struct history *h);
/* The move that held at that time; NULL: the history begins later. A clock that was set
 * back is believed: of two moves that claim a time the one that was noted last holds. */
const struct history_move *history_at(const struct history *h, int64_t wall_ms);
int64_t history_since_ms(const struct history *h); /* when it begins */

/* Where was the tag at that time? ERR_NOT_FOUND: it was not there, or that is not known;
 * the message says which, and since when it is known. */
int history_resolve(struct store *s, const struct reponame *name, const char *tag,
		    int64_t wall_ms, struct digest *out, struct err *e);
/* Names of the repository's tags that were there at that time, each with a NUL after it,
 * in no order. ERR_NOT_FOUND: no tag's history reaches back so far. Reads a file a tag.
 */
int history_tags(struct store *s, const struct reponame *name, int64_t wall_ms,
		 struct buf *out, struct err *e);
/* All tags of a repository that have a history or are there, as above. ERR_NOT_FOUND. */
int history_names(struct store *s, const struct reponame *name, struct buf *out,
		  struct err *e);

/* tag_set, tag_drop and tag_remove, noted. What keeps a note from being written is logged
 * and fails nothing. from: as in struct history_move. Where the tag is at *d already
 * nothing is noted but what was missing. */
int history_set(struct store *s, const struct reponame *name, const char *tag,
		const struct digest *d, int64_t wall_ms, const char *from, struct err *e);
int history_drop(struct store *s, const struct reponame *name, const char *tag,
		 int64_t wall_ms, const char *from, struct removal *r, struct err *e);
int history_remove(struct store *s, const struct reponame *name, const char *tag,
		   int64_t wall_ms, const char *from, struct err *e);

#endif
