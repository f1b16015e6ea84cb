/* Pull quotas in the file of uses: later observations win, pulls add up, rows are
 * bounded. */
#include "unit.h"

#include "store_try.h"

#include <sqlite3.h>

#include "store/layout.h"
#include "store/usedb.h"

#define NOW INT64_C(1790000000000)
#define HOUR INT64_C(3600000)

static struct usedb *open_db(struct store *s)
{
	char *path = mem_fmt("%s/" LAYOUT_USAGE, s->root);
	struct usedb *db;

	assert_int_equal(usedb_open(path, true, 2000, &db, NULL), 0);
	free(path);
	return db;
}

static struct usedb_quota quota(const char *account, int64_t remaining, int64_t seen_ms)
{
	struct usedb_quota q = { .host = "docker.io",
				 .source = "192.0.2.1",
				 .limit = 100,
				 .remaining = remaining,
				 .window_s = 21600,
				 .seen_ms = seen_ms };

	snprintf(q.account, sizeof(q.account), "%s", account);
	snprintf(q.account_id, sizeof(q.account_id), "id of %s", account);
	return q;
}

static void put(struct usedb *db, const char *account, int64_t remaining, int64_t seen_ms)
{
	struct usedb_quota q = quota(account, remaining, seen_ms);

	assert_int_equal(usedb_quota_put(db, &q, NOW, NULL), 0);
}

struct found {
	struct usedb_quota q[USEDB_MAX_QUOTAS + 1];
	int n;
	uint64_t spent, slots;
};

static void take_quota(void *arg, const struct usedb_quota *q)
{
	struct found *f = arg;

	f->q[f->n++] = *q;
}

static void take_spent(void *arg, int64_t slot_ms, uint32_t n)
{
	struct found *f = arg;

	assert_true(slot_ms > 0);
	f->spent += n;
	f->slots++;
}

static struct found *quotas(struct usedb *db)
{
	static struct found f;

	f = (struct found){ 0 };
	assert_int_equal(usedb_quota_each(db, take_quota, &f, NULL), 0);
	return &f;
}

static uint64_t spent(struct usedb *db, const char *account, int64_t since_ms)
{
	struct found f = { 0 };

	assert_int_equal(usedb_quota_each_spent(db, "docker.io", account, since_ms, NOW,
						take_spent, &f, NULL),
			 0);
	return f.spent;
}

static void later_wins(void **state)
{
	struct usedb *db = open_db(try_store(state));
	struct usedb_quota q = quota("ann", 0, NOW - 50);
	struct found *f;

	put(db, "", 70, NOW - 1000);
	put(db, "", 80, NOW - 2000); /* another process's, seen earlier */
	f = quotas(db);
	assert_int_equal(f->n, 1);
	assert_int_equal(f->q[0].remaining, 70);
	assert_string_equal(f->q[0].source, "192.0.2.1");
	assert_int_equal(f->q[0].window_s, 21600);
	q.back_ms = NOW + HOUR;
	assert_int_equal(usedb_quota_put(db, &q, NOW, NULL), 0);
	f = quotas(db);
	assert_int_equal(f->n, 2);
	assert_string_equal(f->q[0].account_id, "id of ann"); /* the last seen first */
	assert_int_equal(f->q[0].back_ms, NOW + HOUR);
	usedb_close(db);
}

/* A clock that was wrong for a while does not keep what is true from being noted. */
static void from_the_future(void **state)
{
	struct usedb *db = open_db(try_store(state));

	put(db, "", 70, NOW + 1000 * HOUR);
	put(db, "", 60, NOW);
	assert_int_equal(quotas(db)->q[0].remaining, 60);
	put(db, "ann", 50, NOW + 1000 * HOUR);
	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "", NOW + HOUR, 3, NULL),
			 0);
	assert_int_equal(usedb_quota_tidy(db, NOW, NULL), 0);
	assert_int_equal(quotas(db)->n, 1);
	assert_int_equal(spent(db, "", 0), 0);
	usedb_close(db);
}

static void adds_up(void **state)
{
	struct usedb *db = open_db(try_store(state));

	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "", NOW - HOUR, 2, NULL),
			 0);
	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "", NOW - HOUR, 3, NULL),
			 0);
	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "", NOW, 1, NULL), 0);
	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "ann", NOW, 10, NULL), 0);
	assert_int_equal(usedb_quota_add_spent(db, "quay.io", "", NOW, 20, NULL), 0);
	assert_int_equal(spent(db, "", 0), 6);
	assert_int_equal(spent(db, "", NOW - HOUR + 1), 1);
	assert_int_equal(spent(db, "ann", 0), 10);
	usedb_close(db);
}

static void bounded(void **state)
{
	struct usedb *db = open_db(try_store(state));
	struct found *f;
	char name[32];
	int i;

	assert_int_equal(usedb_begin(db, NULL), 0);
	for (i = 0; i < USEDB_MAX_QUOTAS + 20; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		put(db, name, 5, NOW - i);
	}
	for (i = 0; i < USEDB_MAX_SPENT + 20; i++)
		assert_int_equal(
			usedb_quota_add_spent(db, "docker.io", "", NOW - i, 1, NULL), 0);
	assert_int_equal(usedb_quota_add_spent(db, "docker.io", "",
					       NOW - USEDB_SPENT_MAX_MS - 1, 7, NULL),
			 0);
	assert_int_equal(usedb_commit(db, NULL), 0);
	assert_int_equal(quotas(db)->n, USEDB_MAX_QUOTAS);
	assert_int_equal(usedb_quota_tidy(db, NOW, NULL), 0);
	f = quotas(db);
	assert_int_equal(f->n, USEDB_MAX_QUOTAS);
	assert_string_equal(f->q[0].account, "u0");
	assert_int_equal(spent(db, "", 0), USEDB_MAX_SPENT);
	assert_int_equal(spent(db, "", NOW), 1);
	usedb_close(db);
}

/* Made by an earlier larder, which kept only uses. */
static void make_first_version(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "CREATE TABLE used(name TEXT NOT NULL, ref TEXT NOT NULL, "
			     "times INTEGER NOT NULL, last_ms INTEGER NOT NULL, "
			     "PRIMARY KEY(name, ref)) WITHOUT ROWID;"
			     "INSERT INTO used VALUES('a', '1', 4, 1790000000000);"
			     "PRAGMA user_version = 1",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
}

static void of_an_earlier_larder(void **state)
{
	struct store *s = try_store(state);
	char *path = mem_fmt("%s/" LAYOUT_USAGE, s->root);
	struct usedb *db;
	uint64_t times = 0;
	int64_t last_ms;
	bool has = true;

	make_first_version(path);
	assert_int_equal(usedb_open(path, false, 2000, &db, NULL), 0);
	assert_int_equal(usedb_quota_has(db, &has, NULL), 0);
	assert_false(has);
	usedb_close(db);
	db = open_db(s);
	assert_int_equal(usedb_quota_has(db, &has, NULL), 0);
	assert_true(has);
	put(db, "", 70, NOW);
	assert_int_equal(quotas(db)->n, 1);
	assert_int_equal(usedb_get(db, "a", "1", &times, &last_ms, NULL), 1);
	assert_int_equal(times, 4);
	usedb_close(db);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(later_wins), IN_STORE(from_the_future),      IN_STORE(adds_up),
		IN_STORE(bounded),    IN_STORE(of_an_earlier_larder),
	};

	return cmocka_run_group_tests_name("store/usedb_quota", tests, NULL, NULL);
}
