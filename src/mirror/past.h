/*
 * past.h - a repository's tags' histories as rows, for people and programs: since when,
 * which digest, from where, and how much of that is here.
 *
 * Read from the disk at each call; nobody is asked. Blocks on the disk: not for a thread
 * that serves.
 */
#ifndef LARDER_MIRROR_PAST_H
#define LARDER_MIRROR_PAST_H

#include "base/buf.h"
#include "base/err.h"
#include "mirror/route.h"
#include "store/history.h"

enum past_here { PAST_NONE, PAST_PART, PAST_WHOLE };

struct past_row {
	char shown[ROUTE_SHOWN_MAX]; /* as people write it, without the tag */
	struct reponame repository;  /* in the store */
	char tag[TAG_MAX_BYTES + 1];
	int64_t since_ms; /* wall clock */
	bool gone;	  /* deleted: no digest, none here */
	struct digest digest;
	enum past_here here;
	char from[HISTORY_FROM_MAX];
};

struct past_ask {
	struct store *store;
	const struct route *route;
	const char *tag;  /* NULL: all, in byte order, ... */
	const char *last; /* ... from after this one; "": from the start */
	bool has_asof;	  /* only the rows that held then */
	int64_t asof_ms;
};

/* Each move to row(), oldest first, until that returns other than 0, which is returned;
 * -1 with *e. ERR_NOT_FOUND: nothing is known, or not of that time; the message says so.
 */
int past_list(const struct past_ask *ask,
	      int (*row)(void *arg, const struct past_row *r, struct err *e), void *arg,
	      struct err *e);

#endif
