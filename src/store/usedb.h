/*
 * usedb.h - the tables of LAYOUT_USAGE in SQLite (sole user): uses of images, and what is
 * kept of pull quotas.
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

/* What is kept of the pull quota of an account at a registry. */
struct usedb_quota {
	char host[256];
	char account_id[65]; /* upstream/quota.h; made of no password. "": not logged in
			      */
	char account[64];    /* as it is shown */
	char source[64];
	int64_t limit, remaining; /* -1: not said */
	int64_t window_s;
	int64_t seen_ms; /* when the registry said it; wall clock */
	int64_t back_ms; /* used up until then; 0: it is not */
};

#define USEDB_MAX_QUOTAS 256		       /* rows; the longest not seen go first */
#define USEDB_MAX_SPENT 50000		       /* rows; the oldest go first */
#define USEDB_SPENT_MAX_MS INT64_C(2678400000) /* 31 days: no window is longer */

/* Is it as these tables are known? A file of an earlier larder has none before it is
 * opened with create. */
int usedb_quota_has(struct usedb *db, bool *out, struct err *e);
/* Takes the place of what was seen earlier, and of what claims to be from the future. */
int usedb_quota_put(struct usedb *db, const struct usedb_quota *q, int64_t now_ms,
		    struct err *e);
/* So many more pulls by that account, in the part of the window that begins then. */
int usedb_quota_add_spent(struct usedb *db, const char *host, const char *account_id,
			  int64_t slot_ms, uint32_t n, struct err *e);
/* All rows, the last seen first; fn is not to use the db. */
int usedb_quota_each(struct usedb *db, void (*fn)(void *arg, const struct usedb_quota *q),
		     void *arg, struct err *e);
/* What an account spent from since_ms to until_ms. */
int usedb_quota_each_spent(struct usedb *db, const char *host, const char *account_id,
			   int64_t since_ms, int64_t until_ms,
			   void (*fn)(void *arg, int64_t slot_ms, uint32_t n), void *arg,
			   struct err *e);
/* Forget what is older than any window, or from the future, and what is too much. */
int usedb_quota_tidy(struct usedb *db, int64_t now_ms, struct err *e);

#endif
