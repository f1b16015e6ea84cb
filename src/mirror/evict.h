/*
 * evict.h - keeping a store within its size: while it is past a mark, or somebody waits
 * for room, the mirrored images that were used longest ago go, whole, until it is down to
 * the low mark.
 *
 * What lives here, is pinned, locked or listed stays, and so does an image of which
 * something is just being downloaded. When nothing is left that may go, those who wait
 * are told, and what they bring passes through. One thread of low priority; it also
 * counts what the store has where that is not known.
 */
#ifndef LARDER_MIRROR_EVICT_H
#define LARDER_MIRROR_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/mirror.h"
#include "mirror/retire.h"
#include "store/store.h"
#include "store/usage.h"

struct evict;

struct evict_marks {
	uint64_t limit; /* bytes; 0: none */
	uint64_t low;	/* below the limit */
};

struct evict_ask {
	struct store *store;
	struct mirror *mirror;
	struct usage *usage; /* whose notes are written before they are read; NULL: none
			      */
	/* All below are called on the thread (marks also by evict_start and evict_look),
	 * one at a time. */
	struct evict_marks (*marks)(void *arg);
	/* The images that are to stay, for is_listed of retire.h; NULL: they are not
	 * known (*e), and nothing goes. */
	void *(*list_open)(void *arg, struct plan *plan, struct err *e);
	bool (*list_has)(void *list, const struct retire_image *im);
	void (*list_close)(void *list);
	int64_t (*grace_ms)(void *arg); /* as in struct collect_ask */
	void *arg;
};

/* Sets the store's limit. NULL: no thread was to be had (logged), and there is none who
 * would make room. Everything is borrowed. */
struct evict *evict_start(const struct evict_ask *ask);
/* The marks may have changed: look at once. NULL is fine. */
void evict_look(struct evict *ev);
void evict_stop(struct evict *ev); /* NULL is fine. Before the mirror's end. */

/* Where the eviction begins: between the low mark and the limit. Pure. */
uint64_t evict_start_mark(const struct evict_marks *m);

#endif
