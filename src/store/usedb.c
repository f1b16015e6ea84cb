/*
 * usedb.c - SQL of the uses, and what its failures mean.
 */
#include "store/usedb_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/reference.h"

#define VERSION 1
#define REF_BYTES 256 /* of the caller's buffer */

int usedb_failed(struct usedb *db, int code, struct err *e)
{
	enum err_kind kind = ERR_IO;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* our statements are right; the table is another */
	case SQLITE_MISMATCH:
		kind = ERR_CORRUPT;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		kind = ERR_BUSY;
		break;
	case SQLITE_FULL:
		kind = ERR_NO_SPACE;
		break;
	default:
		break;
	}
	return err_set(e, kind, "%s",
		       db->db != NULL ? sqlite3_errmsg(db->db) : sqlite3_errstr(code));
}

int usedb_exec(struct usedb *db, const char *sql, struct err *e)
{
	int code = sqlite3_exec(db->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : usedb_failed(db, code, e);
}

int usedb_number(struct usedb *db, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(db->db, sql, -1, &st, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return code == SQLITE_ROW ? 0 : usedb_failed(db, code, e);
}

static int check_version(struct usedb *db, bool create, struct err *e)
{
	int64_t version = 0;
	bool has;

	if (usedb_number(db, "PRAGMA user_version", &version, e) != 0)
		return -1;
	if (version > VERSION)
		return err_set(e, ERR_INVALID, "made by a later version of larder");
	if (!create)
		return 0;
	if (version == VERSION) {
		if (usedb_quota_has(db, &has, e) != 0)
			return -1;
		if (has)
			return 0;
	}
	/* Two processes may be here at once: each statement is right the second time. */
	return usedb_exec(
		db,
		"BEGIN IMMEDIATE;"
		"CREATE TABLE IF NOT EXISTS used(name TEXT NOT NULL, ref TEXT NOT "
		"NULL, times INTEGER NOT NULL, last_ms INTEGER NOT NULL, "
		"PRIMARY KEY(name, ref)) WITHOUT ROWID;" USEDB_QUOTA_TABLES
		"PRAGMA user_version = 1;"
		"COMMIT",
		e);
}

int usedb_open(const char *path, bool create, int wait_ms, struct usedb **out,
	       struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    (create ? SQLITE_OPEN_CREATE : 0);
	struct usedb *db = mem_alloc(sizeof(*db));
	int code = sqlite3_open_v2(path, &db->db, flags, NULL);

	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(db->db, wait_ms);
		/* Little memory; a crash costs the last batch, not the file. */
		code = sqlite3_exec(db->db,
				    "PRAGMA cache_size = -512; PRAGMA mmap_size = 0;"
				    "PRAGMA temp_store = MEMORY;"
				    "PRAGMA synchronous = NORMAL",
				    NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		usedb_failed(db, code, e);
		if (code == SQLITE_CANTOPEN && !create && e != NULL)
			e->kind = ERR_NOT_FOUND;
		usedb_close(db);
		return -1;
	}
	if (check_version(db, create, e) != 0) {
		usedb_close(db);
		return -1;
	}
	*out = db;
	return 0;
}

void usedb_close(struct usedb *db)
{
	if (db == NULL)
		return;
	sqlite3_finalize(db->add);
	sqlite3_finalize(db->get);
	sqlite3_finalize(db->quota_put);
	sqlite3_finalize(db->spent_add);
	sqlite3_close(db->db);
	free(db);
}

int usedb_begin(struct usedb *db, struct err *e)
{
	return usedb_exec(db, "BEGIN IMMEDIATE", e);
}

int usedb_commit(struct usedb *db, struct err *e)
{
	return usedb_exec(db, "COMMIT", e);
}

/* *st made when it is first needed, its first two parameters set. */
static int ready(struct usedb *db, sqlite3_stmt **st, const char *sql, const char *name,
		 const char *ref, struct err *e)
{
	int code = SQLITE_OK;

	if (*st == NULL)
		code = sqlite3_prepare_v2(db->db, sql, -1, st, NULL);
	if (code != SQLITE_OK)
		return usedb_failed(db, code, e);
	sqlite3_reset(*st);
	sqlite3_bind_text(*st, 1, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(*st, 2, ref, -1, SQLITE_TRANSIENT);
	return 0;
}

int usedb_add(struct usedb *db, const char *name, const char *ref, uint64_t times,
	      int64_t last_ms, struct err *e)
{
	int code;

	if (ready(db, &db->add,
		  "INSERT INTO used(name, ref, times, last_ms) VALUES(?1, ?2, ?3, ?4) "
		  "ON CONFLICT(name, ref) DO UPDATE SET times = times + ?3, "
		  "last_ms = max(last_ms, ?4)",
		  name, ref, e) != 0)
		return -1;
	sqlite3_bind_int64(db->add, 3, (int64_t)times);
	sqlite3_bind_int64(db->add, 4, last_ms);
	code = sqlite3_step(db->add);
	return code == SQLITE_DONE ? 0 : usedb_failed(db, code, e);
}

int usedb_get(struct usedb *db, const char *name, const char *ref, uint64_t *times,
	      int64_t *last_ms, struct err *e)
{
	int code;

	if (ready(db, &db->get,
		  "SELECT times, last_ms FROM used WHERE name = ?1 AND ref = ?2", name,
		  ref, e) != 0)
		return -1;
	code = sqlite3_step(db->get);
	if (code == SQLITE_ROW) {
		*times = (uint64_t)sqlite3_column_int64(db->get, 0);
		*last_ms = sqlite3_column_int64(db->get, 1);
	}
	sqlite3_reset(db->get); /* lets go of the file's lock */
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return code == SQLITE_ROW;
	return usedb_failed(db, code, e);
}

static int remove_one(struct usedb *db, const char *name, const char *ref, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int code = SQLITE_OK;

	if (ready(db, &st, "DELETE FROM used WHERE name = ?1 AND ref = ?2", name, ref,
		  e) != 0)
		return -1;
	code = sqlite3_step(st);
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? 0 : usedb_failed(db, code, e);
}

int usedb_sweep(struct usedb *db, char *name, char *ref, unsigned max,
		bool (*gone)(void *arg, const char *name, const char *ref), void *arg,
		struct err *e)
{
	sqlite3_stmt *st = NULL;
	unsigned n = 0;
	int code, rc;

	rc = ready(db, &st,
		   "SELECT name, ref FROM used WHERE (name, ref) > (?1, ?2) "
		   "ORDER BY name, ref LIMIT ?3",
		   name, ref, e);
	if (rc != 0)
		return -1;
	sqlite3_bind_int64(st, 3, max);
	while (rc == 0 && (code = sqlite3_step(st)) == SQLITE_ROW) {
		snprintf(name, NAME_MAX_BYTES + 1, "%s",
			 (const char *)sqlite3_column_text(st, 0));
		snprintf(ref, REF_BYTES, "%s", (const char *)sqlite3_column_text(st, 1));
		n++;
		if (gone(arg, name, ref))
			rc = remove_one(db, name, ref, e);
	}
	if (rc == 0 && code != SQLITE_DONE)
		rc = usedb_failed(db, code, e);
	sqlite3_finalize(st);
	if (n < max)
		name[0] = ref[0] = '\0';
	return rc;
}

int usedb_forget(struct usedb *db, int64_t before_ms, unsigned max_rows, struct err *e)
{
	char sql[200];
	int64_t n = 0;

	snprintf(sql, sizeof(sql), "DELETE FROM used WHERE last_ms < %lld",
		 (long long)before_ms);
	if (usedb_exec(db, sql, e) != 0 ||
	    usedb_number(db, "SELECT count(*) FROM used", &n, e) != 0)
		return -1;
	if (n <= max_rows)
		return 0;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM used WHERE (name, ref) IN (SELECT name, ref FROM used "
		 "ORDER BY last_ms LIMIT %lld)",
		 (long long)(n - max_rows));
	return usedb_exec(db, sql, e);
}
