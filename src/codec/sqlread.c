/*
 * sqlread.c - sqlite3_deserialize over the caller's buffer.
 */
#include "codec/sqlread.h"

#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define HEADER_BYTES 100
#define STEP 10000 /* of SQLite's virtual machine between two looks */
#define STEPS_FREE (UINT64_C(1000) * 1000)
#define BYTES_A_STEP 4 /* an honest row takes ten steps, and some hundred bytes */

static void close_db(sqlite3 **db)
{
	sqlite3_close_v2(*db);
}

static void finish(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

static int on_steps(void *arg)
{
	uint64_t *left = arg;

	if (*left < STEP)
		return 1;
	*left -= STEP;
	return 0;
}

static int failed(sqlite3 *db, int code, struct err *e)
{
	if ((code & 0xff) == SQLITE_INTERRUPT)
		return err_set(e, ERR_INVALID,
			       "a SQLite database that asks for endless work");
	return err_set(e, ERR_INVALID, "it is no SQLite database, or damaged: %.150s",
		       db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* A log beside it cannot be had here, so a database that wants one is told it does not:
 * bytes 18 and 19 are the versions of its format. */
static int check_header(struct buf *db, struct err *e)
{
	if (db->n < HEADER_BYTES || memcmp(db->p, "SQLite format 3", 16) != 0)
		return err_set(e, ERR_INVALID, "it is no SQLite database");
	if (db->p[18] == 2)
		db->p[18] = 1;
	if (db->p[19] == 2)
		db->p[19] = 1;
	return 0;
}

static void restrain(sqlite3 *db, size_t row, uint64_t *steps)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, row > INT32_MAX ? INT32_MAX : (int)row);
	sqlite3_progress_handler(db, STEP, on_steps, steps);
}

/* Rows of which several share their pages would have more bytes than the database. */
static int rows(sqlite3 *db, const char *sql, size_t most,
		int (*each)(void *arg, struct view blob, struct err *e), void *arg,
		struct err *e)
{
	CLEANUP(finish)
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (code != SQLITE_OK)
		return failed(db, code, e);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct view blob = { sqlite3_column_blob(st, 0), 0 };

		blob.n = (size_t)sqlite3_column_bytes(st, 0);
		if (blob.n > most)
			return err_set(e, ERR_INVALID,
				       "a SQLite database that says more than it holds");
		most -= blob.n;
		if (each(arg, blob, e) != 0)
			return -1;
	}
	return code == SQLITE_DONE ? 0 : failed(db, code, e);
}

int sqlread_blobs(struct buf *db, const char *sql, size_t row,
		  int (*each)(void *arg, struct view blob, struct err *e), void *arg,
		  struct err *e)
{
	uint64_t steps = STEPS_FREE + db->n / BYTES_A_STEP;
	CLEANUP(close_db)
	sqlite3 *sq = NULL;
	int code;

	if (check_header(db, e) != 0)
		return -1;
	code = sqlite3_open_v2(":memory:", &sq,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return failed(sq, code, e);
	restrain(sq, row, &steps);
	code = sqlite3_deserialize(sq, "main", (unsigned char *)db->p,
				   (sqlite3_int64)db->n, (sqlite3_int64)db->n,
				   SQLITE_DESERIALIZE_READONLY);
	if (code != SQLITE_OK)
		return failed(sq, code, e);
	return rows(sq, sql, db->n, each, arg, e);
}

/* --- the write-ahead log --- */

#define WAL_HEADER 32
#define FRAME_HEADER 24
#define WAL_MAGIC 0x377f0682u /* its lowest bit: checksums are of big-endian words */

static uint32_t be32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t word(const char *p, bool big)
{
	return big ? be32(p) : __builtin_bswap32(be32(p));
}

static void sum(uint32_t s[2], const char *p, size_t n, bool big)
{
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		s[0] += word(p + i, big) + s[1];
		s[1] += word(p + i + 4, big) + s[0];
	}
}

struct wal {
	struct view log;
	size_t page;
	bool big;
	uint32_t sum[2];
};

static bool begin(struct wal *w)
{
	const char *p = w->log.p;

	if (w->log.n < WAL_HEADER || (be32(p) & ~1u) != WAL_MAGIC)
		return false;
	w->big = (be32(p) & 1) != 0;
	w->page = be32(p + 8);
	sum(w->sum, p, 24, w->big);
	return w->page >= 512 && w->page <= 65536 && (w->page & (w->page - 1)) == 0 &&
	       be32(p + 24) == w->sum[0] && be32(p + 28) == w->sum[1];
}

static const char *frame(const struct wal *w, size_t i)
{
	return w->log.p + WAL_HEADER + i * (FRAME_HEADER + w->page);
}

/* How many frames count, and how many pages the database has after them. */
static size_t frames(struct wal *w, uint32_t *pages)
{
	size_t i, n = (w->log.n - WAL_HEADER) / (FRAME_HEADER + w->page), counted = 0;

	for (i = 0; i < n; i++) {
		const char *p = frame(w, i);

		sum(w->sum, p, 8, w->big);
		sum(w->sum, p + FRAME_HEADER, w->page, w->big);
		if (memcmp(p + 8, w->log.p + 16, 8) != 0 || be32(p) == 0 ||
		    be32(p + 16) != w->sum[0] || be32(p + 20) != w->sum[1])
			break;
		if (be32(p + 4) > 0) {
			counted = i + 1;
			*pages = be32(p + 4);
		}
	}
	return counted;
}

static size_t page_bytes(const struct buf *db)
{
	size_t n = (size_t)(unsigned char)db->p[16] << 8 | (unsigned char)db->p[17];

	return n == 1 ? 65536 : n;
}

/* db has exactly n bytes. */
static int resize(struct buf *db, size_t n, struct err *e)
{
	char *room;

	if (n <= db->n) {
		db->n = n;
		return 0;
	}
	room = buf_room(db, n - db->n);
	if (room == NULL)
		return err_set(e, ERR_LIMIT,
			       "a database of more than %zu bytes with its log",
			       db->limit);
	memset(room, 0, n - db->n);
	buf_grew(db, n - db->n);
	return 0;
}

int sqlread_wal(struct buf *db, struct view wal, struct err *e)
{
	struct wal w = { .log = wal };
	uint32_t pages = 0;
	size_t i, n;

	if (!begin(&w))
		return 0;
	n = frames(&w, &pages);
	if (n == 0)
		return 0;
	if (db->n >= HEADER_BYTES && page_bytes(db) != w.page)
		return err_set(e, ERR_INVALID,
			       "a SQLite database with the log of another");
	if (resize(db, (size_t)pages * w.page, e) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		uint32_t number = be32(frame(&w, i));

		if (number <= pages)
			memcpy(db->p + (size_t)(number - 1) * w.page,
			       frame(&w, i) + FRAME_HEADER, w.page);
	}
	return 0;
}
