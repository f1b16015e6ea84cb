/*
 * usage.h - when and how often each image was last used; and the thread that keeps this,
 * and what a guest has to keep in the same file.
 *
 * What is noted stays in memory for some seconds, and is then written to LAYOUT_USAGE by
 * a thread of its own, of low priority. All of it may be lost and none of it may hinder:
 * a database that cannot be written, or is damaged (then it is moved aside), costs one
 * log line. Nothing is opened before there is something to write. Several processes may
 * keep the same store's.
 */
#ifndef LARDER_STORE_USAGE_H
#define LARDER_STORE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/reference.h"
#include "store/store.h"

#define USAGE_MAX_NOTES 4096 /* not written yet; more are dropped, and counted */
#define USAGE_WRITE_MS 10000 /* a note is written after this at the latest */
#define USAGE_MAX_ROWS 200000
#define USAGE_MAX_DAYS 400 /* what was not used for so long is forgotten */

struct usage;
struct usedb;

/*
 * Another's rows in the same file (store/usedb.h), read and written by the same thread,
 * in the same transactions. read, write and written are never called two at a time; due
 * may be beside them.
 */
struct usage_guest {
	void *arg;
	/* The file is there: at the start, and when another process has written to it. */
	int (*read)(void *arg, struct usedb *db, struct err *e);
	/* Is there something to write? */
	bool (*due)(void *arg);
	/* Write it, within a transaction. anew: the file has been begun anew, and has
	 * nothing of what was written earlier. Read what others have, too. */
	int (*write)(void *arg, struct usedb *db, bool anew, struct err *e);
	/* After write: it is on disk. Not called: the same is to be written next time. */
	void (*written)(void *arg);
};

/* Never fails: at worst nothing is kept. s is borrowed and outlives it. guest (NULL:
 * none) is copied, its arg borrowed. The guest's rows are read by the thread, soon, or as
 * soon as somebody waits for them. */
struct usage *usage_new(struct store *s, const struct usage_guest *guest);
/* Writes what there is, waiting for other processes for two seconds at most. NULL is
 * fine; nobody notes any more. */
void usage_free(struct usage *u);

/* The guest will have something to write: asked within USAGE_WRITE_MS. Any thread, never
 * waits for the disk. */
void usage_due(struct usage *u);
/* Until the guest's rows have been read after the start, or so many ms have passed: then
 * false. */
bool usage_wait_read(struct usage *u, int64_t ms);
/* Another process may have written: if so, the guest reads again. Now, which blocks for
 * as long as the disk takes, or soon, by the thread. */
void usage_read_now(struct usage *u);
void usage_read_soon(struct usage *u);

/* The image was used now, by this reference. Any thread; never waits for the disk. */
void usage_note(struct usage *u, const struct reponame *name,
		const struct reference *ref);
/* Write now what has been noted; blocks for as long as the disk takes. */
void usage_flush(struct usage *u);

struct used {
	int64_t last_ms; /* wall clock; 0: not known */
	uint64_t times;
};

/* What is written of a store. One thread at a time. */
struct usage_reader;
/* Never NULL, and never an error: without a database, or with a damaged one, nothing is
 * known. */
struct usage_reader *usage_reader_open(struct store *s);
void usage_reader_close(struct usage_reader *r); /* NULL is fine */
struct used usage_reader_get(struct usage_reader *r, const struct reponame *name,
			     const char *ref);

#endif
