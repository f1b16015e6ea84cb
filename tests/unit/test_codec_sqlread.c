/*
 * test_codec_sqlread.c - SQLite from memory: rows, damage, work without end; and a log
 * put into its database as SQLite does it.
 */
#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/sqlread.h"

#define SELECT "SELECT b FROM t ORDER BY rowid"

static int on_row(void *arg, struct view blob, struct err *e)
{
	if (view_is(blob, "stop"))
		return err_set(e, ERR_BUSY, "stopped");
	return buf_add(arg, blob.p, blob.n) != 0 ? err_set(e, ERR_LIMIT, "full") : 0;
}

static void slurp(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(buf_add(out, piece, n), 0);
	fclose(f);
}

/* A database of these statements; `keep`: with its log beside it, into wal. */
static void make(const char *sql, struct buf *db, struct buf *wal)
{
	char folder[] = "/tmp/sqlread-XXXXXX", path[64], log[64];
	sqlite3 *made;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/db", folder);
	snprintf(log, sizeof(log), "%s/db-wal", folder);
	assert_int_equal(sqlite3_open(path, &made), SQLITE_OK);
	assert_int_equal(sqlite3_exec(made, sql, NULL, NULL, NULL), SQLITE_OK);
	slurp(path, db);
	if (wal != NULL)
		slurp(log, wal);
	sqlite3_close(made);
	unlink(path);
	rmdir(folder);
}

static void rows(void **state)
{
	CLEANUP(buf_done)
	struct buf db = BUF_INIT(1u << 20), found = BUF_INIT(100);
	struct err e = { 0 };

	make("CREATE TABLE t(b); INSERT INTO t VALUES ('one'), (x'7477'), (NULL), (3)",
	     &db, NULL);
	assert_int_equal(sqlread_blobs(&db, SELECT, 1000, on_row, &found, &e), 0);
	assert_string_equal(buf_str(&found), "onetw3");
	found.limit = 2;
	buf_clear(&found);
	assert_err(sqlread_blobs(&db, SELECT, 1000, on_row, &found, &e), e, ERR_LIMIT);
	assert_err(sqlread_blobs(&db, "SELECT b FROM other", 1000, on_row, &found, &e), e,
		   ERR_INVALID);
	db.p[0] = 'x';
	assert_err(sqlread_blobs(&db, SELECT, 1000, on_row, &found, &e), e, ERR_INVALID);
	buf_clear(&db);
	assert_err(sqlread_blobs(&db, SELECT, 1000, on_row, &found, &e), e, ERR_INVALID);
}

static void restrained(void **state)
{
	CLEANUP(buf_done)
	struct buf db = BUF_INIT(1u << 20), found = BUF_INIT(1u << 20);
	struct err e = { 0 };

	make("CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(5000))", &db, NULL);
	assert_int_equal(sqlread_blobs(&db, SELECT, 5100, on_row, &found, &e), 0);
	assert_err(sqlread_blobs(&db, SELECT, 4999, on_row, &found, &e), e, ERR_INVALID);
	/* More bytes than the database has. */
	assert_err(
		sqlread_blobs(&db,
			      "SELECT b FROM t, (SELECT 1 UNION ALL SELECT 2 UNION ALL "
			      "SELECT 3 UNION ALL SELECT 4)",
			      5100, on_row, &found, &e),
		e, ERR_INVALID);
	assert_err(
		sqlread_blobs(&db,
			      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
			      "FROM c) SELECT max(x) FROM c",
			      1000, on_row, &found, &e),
		e, ERR_INVALID);
	buf_clear(&db);
	make("CREATE TABLE s(x); CREATE VIEW t AS SELECT 'v' AS b", &db, NULL);
	assert_err(sqlread_blobs(&db, SELECT, 1000, on_row, &found, &e), e, ERR_INVALID);
}

#define LOGGED                                                                           \
	"PRAGMA page_size=1024; PRAGMA journal_mode=WAL; CREATE TABLE t(b); INSERT "     \
	"INTO "                                                                          \
	"t VALUES ('a'); PRAGMA wal_checkpoint(TRUNCATE);"

static void read_with(const struct buf *db, struct view wal, const char *want)
{
	CLEANUP(buf_done)
	struct buf copy = BUF_INIT(1u << 20), found = BUF_INIT(100000);
	struct err e = { 0 };

	buf_add(&copy, db->p, db->n);
	assert_int_equal(sqlread_wal(&copy, wal, &e), 0);
	assert_int_equal(sqlread_blobs(&copy, SELECT, 100000, on_row, &found, &e), 0);
	assert_string_equal(buf_str(&found), want);
}

static void logs(void **state)
{
	CLEANUP(buf_done)
	struct buf db = BUF_INIT(1u << 20), wal = BUF_INIT(1u << 20);
	CLEANUP(buf_done)
	struct buf other = BUF_INIT(1u << 20);
	struct err e = { 0 };
	struct view log;

	make(LOGGED "INSERT INTO t VALUES ('b'); INSERT INTO t VALUES ('c')", &db, &wal);
	log = buf_view(&wal);
	read_with(&db, log, "abc");
	log.n -= 1; /* the last transaction is cut */
	read_with(&db, log, "ab");
	log.n = 31;
	read_with(&db, log, "a");
	read_with(&db, VIEW(""), "a");
	log = buf_view(&wal);
	wal.p[wal.n - 1] ^= 1;
	read_with(&db, log, "ab");
	wal.p[wal.n - 1] ^= 1;
	wal.p[3] ^= 1; /* the other order of bytes */
	read_with(&db, log, "a");
	wal.p[3] ^= 1;
	wal.p[17] ^= 1; /* another salt, and the header's checksum is wrong */
	read_with(&db, log, "a");
	wal.p[17] ^= 1;
	db.limit = db.n; /* as many pages as it had */
	assert_int_equal(sqlread_wal(&db, log, &e), 0);
	/* The log of a database with other pages. */
	make("PRAGMA page_size=4096; CREATE TABLE t(b)", &other, NULL);
	assert_err(sqlread_wal(&other, log, &e), e, ERR_INVALID);
}

static void grows(void **state)
{
	CLEANUP(buf_done)
	struct buf db = BUF_INIT(1u << 20), wal = BUF_INIT(1u << 20);
	struct err e = { 0 };

	make(LOGGED "INSERT INTO t VALUES (zeroblob(20000))", &db, &wal);
	db.limit = db.n + 1024;
	assert_err(sqlread_wal(&db, buf_view(&wal), &e), e, ERR_LIMIT);
	db.limit = 1u << 20;
	assert_int_equal(sqlread_wal(&db, buf_view(&wal), &e), 0);
	assert_true(db.n > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(restrained),
		cmocka_unit_test(logs),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
