/*
 * usedb.h - the table of uses in SQLite (sole user). For usage.c only.
 *
 * Opened for each batch and closed after it, so that nothing is held while idle, and a
 * file that another process has moved aside is not written to. A rollback journal, not
 * WAL: that needs memory shared by all who have it open, which network file systems lack,
 * and leaves two more files.
 */
#ifndef LARDER_STORE_USEDB_H
#define LARDER_STORE_USEDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct usedb;

/* ERR_NOT_FOUND: there is none, and create is false. ERR_CORRUPT: damaged, or no
 * database. ERR_INVALID: made by a later version, which has it otherwise. ERR_BUSY:
 * others have it for longer than wait_ms. ERR_IO, ERR_NO_SPACE. */
int usedb_open(const char *path, bool create, int wait_ms, struct usedb **out,
	       struct err *e);
void usedb_close(
	struct usedb *db); /* what was not committed is not there; NULL is fine */

int usedb_begin(struct usedb *db, struct err *e);
int usedb_commit(struct usedb *db, struct err *e);
/* So many more uses, the last of them then. */
int usedb_add(struct usedb *db, const char *name, const char *ref, uint64_t times,
	      int64_t last_ms, struct err *e);
/* 1: found; 0: not there. */
int usedb_get(struct usedb *db, const char *name, const char *ref, uint64_t *times,
	      int64_t *last_ms, struct err *e);
/* Rows after (name, ref) in their order, at most max, each given to gone; those of which
 * it says so are removed. name and ref (of NAME_MAX_BYTES + 1 and 256 bytes) become the
 * last one's, or "" at the end. */
int usedb_sweep(struct usedb *db, char *name, char *ref, unsigned max,
		bool (*gone)(void *arg, const char *name, const char *ref), void *arg,
		struct err *e);
/* Remove what was last used before that, and the least recently used above max_rows. */
int usedb_forget(struct usedb *db, int64_t before_ms, unsigned max_rows, struct err *e);

#endif
