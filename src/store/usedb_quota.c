/*
 * usedb_quota.c - SQL of the pull quotas.
 */
#include "store/usedb_impl.h"

#include <stdio.h>
#include <string.h>

#define AHEAD_MS                                                                         \
	60000 /* clocks of two machines differ; more is a clock that was wrong           \
	       */

int usedb_quota_has(struct usedb *db, bool *out, struct err *e)
{
	int64_t n = 0;

	if (usedb_number(db,
			 "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND "
			 "name IN ('quota', 'spent')",
			 &n, e) != 0)
		return -1;
	*out = n == 2;
	return 0;
}

static int prepare(struct usedb *db, sqlite3_stmt **st, const char *sql, struct err *e)
{
	int code = SQLITE_OK;

	if (*st == NULL)
		code = sqlite3_prepare_v2(db->db, sql, -1, st, NULL);
	if (code != SQLITE_OK)
		return usedb_failed(db, code, e);
	sqlite3_reset(*st);
	return 0;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT);
}

static int step(struct usedb *db, sqlite3_stmt *st, struct err *e)
{
	int code = sqlite3_step(st);

	return code == SQLITE_DONE ? 0 : usedb_failed(db, code, e);
}

int usedb_quota_put(struct usedb *db, const struct usedb_quota *q, int64_t now_ms,
		    struct err *e)
{
	sqlite3_stmt *st;

	if (prepare(db, &db->quota_put,
		    "INSERT INTO quota(host, account_id, account, source, pulls, "
		    "remaining, window_s, seen_ms, back_ms) "
		    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
		    "ON CONFLICT(host, account_id) DO UPDATE SET account = ?3, "
		    "source = ?4, pulls = ?5, remaining = ?6, window_s = ?7, "
		    "seen_ms = ?8, back_ms = ?9 "
		    "WHERE ?8 >= seen_ms OR seen_ms > ?10",
		    e) != 0)
		return -1;
	st = db->quota_put;
	bind_text(st, 1, q->host);
	bind_text(st, 2, q->account_id);
	bind_text(st, 3, q->account);
	bind_text(st, 4, q->source);
	sqlite3_bind_int64(st, 5, q->limit);
	sqlite3_bind_int64(st, 6, q->remaining);
	sqlite3_bind_int64(st, 7, q->window_s);
	sqlite3_bind_int64(st, 8, q->seen_ms);
	sqlite3_bind_int64(st, 9, q->back_ms);
	sqlite3_bind_int64(st, 10, now_ms + AHEAD_MS);
	return step(db, st, e);
}

int usedb_quota_add_spent(struct usedb *db, const char *host, const char *account_id,
			  int64_t slot_ms, uint32_t n, struct err *e)
{
	if (prepare(db, &db->spent_add,
		    "INSERT INTO spent(host, account_id, slot_ms, n) VALUES(?1, ?2, ?3, "
		    "?4) "
		    "ON CONFLICT(host, account_id, slot_ms) DO UPDATE SET n = n + ?4",
		    e) != 0)
		return -1;
	bind_text(db->spent_add, 1, host);
	bind_text(db->spent_add, 2, account_id);
	sqlite3_bind_int64(db->spent_add, 3, slot_ms);
	sqlite3_bind_int64(db->spent_add, 4, n);
	return step(db, db->spent_add, e);
}

/* False: longer than any that was written here. */
static bool take_text(sqlite3_stmt *st, int at, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

int usedb_quota_each(struct usedb *db, void (*fn)(void *arg, const struct usedb_quota *q),
		     void *arg, struct err *e)
{
	sqlite3_stmt *st = NULL;
	struct usedb_quota q;
	int code, n = 0;

	if (prepare(db, &st,
		    "SELECT host, account_id, account, source, pulls, remaining, "
		    "window_s, seen_ms, back_ms FROM quota ORDER BY seen_ms DESC",
		    e) != 0)
		return -1;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && n++ < USEDB_MAX_QUOTAS) {
		if (!take_text(st, 0, q.host, sizeof(q.host)) ||
		    !take_text(st, 1, q.account_id, sizeof(q.account_id)) ||
		    !take_text(st, 2, q.account, sizeof(q.account)) ||
		    !take_text(st, 3, q.source, sizeof(q.source)))
			continue;
		q.limit = sqlite3_column_int64(st, 4);
		q.remaining = sqlite3_column_int64(st, 5);
		q.window_s = sqlite3_column_int64(st, 6);
		q.seen_ms = sqlite3_column_int64(st, 7);
		q.back_ms = sqlite3_column_int64(st, 8);
		fn(arg, &q);
	}
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		usedb_failed(db, code, e);
	sqlite3_finalize(st);
	return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : -1;
}

int usedb_quota_each_spent(struct usedb *db, const char *host, const char *account_id,
			   int64_t since_ms, int64_t until_ms,
			   void (*fn)(void *arg, int64_t slot_ms, uint32_t n), void *arg,
			   struct err *e)
{
	sqlite3_stmt *st = NULL;
	int code;

	if (prepare(db, &st,
		    "SELECT slot_ms, n FROM spent WHERE host = ?1 AND account_id = ?2 "
		    "AND "
		    "slot_ms >= ?3 AND slot_ms <= ?4 ORDER BY slot_ms",
		    e) != 0)
		return -1;
	bind_text(st, 1, host);
	bind_text(st, 2, account_id);
	sqlite3_bind_int64(st, 3, since_ms);
	sqlite3_bind_int64(st, 4, until_ms);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t n = sqlite3_column_int64(st, 1);

		if (n > 0)
			fn(arg, sqlite3_column_int64(st, 0),
			   n < UINT32_MAX ? (uint32_t)n : UINT32_MAX);
	}
	if (code != SQLITE_DONE)
		usedb_failed(db, code, e);
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? 0 : -1;
}

int usedb_quota_tidy(struct usedb *db, int64_t now_ms, struct err *e)
{
	char sql[640];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM spent WHERE slot_ms < %lld OR slot_ms > %lld;"
		 "DELETE FROM quota WHERE seen_ms < %lld OR seen_ms > %lld;"
		 "DELETE FROM spent WHERE (host, account_id, slot_ms) IN (SELECT host, "
		 "account_id, slot_ms FROM spent ORDER BY slot_ms DESC LIMIT -1 OFFSET "
		 "%d);"
		 "DELETE FROM quota WHERE (host, account_id) IN (SELECT host, account_id "
		 "FROM quota ORDER BY seen_ms DESC LIMIT -1 OFFSET %d)",
		 (long long)(now_ms - USEDB_SPENT_MAX_MS), (long long)(now_ms + AHEAD_MS),
		 (long long)(now_ms - USEDB_SPENT_MAX_MS), (long long)(now_ms + AHEAD_MS),
		 USEDB_MAX_SPENT, USEDB_MAX_QUOTAS);
	return usedb_exec(db, sql, e);
}
