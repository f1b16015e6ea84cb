/*
 * sqlread.h - a SQLite database that somebody else wrote, read from memory (SQLite; its
 * other user is store/usedb). Nothing that its schema says is run: views and triggers are
 * off, and the work is bounded by the database's size. Any thread.
 */
#ifndef LARDER_CODEC_SQLREAD_H
#define LARDER_CODEC_SQLREAD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* The first column of each row that sql (ours, a literal) gives, as bytes, to each(),
 * until that fails. db is changed where it must be for this, and not longer. row: what a
 * row's bytes may be at most. ERR_INVALID: it is no such database, damaged, or asks for
 * far more work than its size. */
int sqlread_blobs(struct buf *db, const char *sql, size_t row,
		  int (*each)(void *arg, struct view blob, struct err *e), void *arg,
		  struct err *e);

/* Puts what a write-ahead log says into db, as SQLite does when it opens the two: the
 * frames up to the last that ends a transaction, of one salt and with right checksums
 * (https://sqlite.org/fileformat2.html#walformat). A log that is empty or holds no such
 * frame changes nothing. ERR_LIMIT: db would grow past its limit. ERR_INVALID: the pages
 * are of another size than db's. */
int sqlread_wal(struct buf *db, struct view wal, struct err *e);

#endif
