/*
 * usedb_impl.h - what the files of usedb.h share.
 */
#ifndef LARDER_STORE_USEDB_IMPL_H
#define LARDER_STORE_USEDB_IMPL_H

#include "store/usedb.h"

#include <sqlite3.h>

struct usedb {
	sqlite3 *db;
	sqlite3_stmt *add, *get; /* made when first needed, as all of them */
	sqlite3_stmt *quota_put, *spent_add;
};

/*
 * user_version tells of changes that an earlier larder could not live with. New tables
 * are none: larders of both kinds may keep one store, so they are looked for by name.
 */
#define USEDB_QUOTA_TABLES                                                               \
	"CREATE TABLE IF NOT EXISTS quota(host TEXT NOT NULL, account_id TEXT NOT "      \
	"NULL, "                                                                         \
	"account TEXT NOT NULL, source TEXT NOT NULL, pulls INTEGER NOT NULL, "          \
	"remaining INTEGER NOT NULL, window_s INTEGER NOT NULL, "                        \
	"seen_ms INTEGER NOT NULL, back_ms INTEGER NOT NULL, "                           \
	"PRIMARY KEY(host, account_id)) WITHOUT ROWID;"                                  \
	"CREATE TABLE IF NOT EXISTS spent(host TEXT NOT NULL, account_id TEXT NOT "      \
	"NULL, "                                                                         \
	"slot_ms INTEGER NOT NULL, n INTEGER NOT NULL, "                                 \
	"PRIMARY KEY(host, account_id, slot_ms)) WITHOUT ROWID;"

/* -1, and *e by SQLite's code. */
int usedb_failed(struct usedb *db, int code, struct err *e);
int usedb_exec(struct usedb *db, const char *sql, struct err *e);
/* The first column of the first row. */
int usedb_number(struct usedb *db, const char *sql, int64_t *out, struct err *e);

#endif
