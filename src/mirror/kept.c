/*
 * kept.c - between the upstreams' ledgers and the file, by way of a book.
 *
 * k->mu guards the book and the plans. It is held over the file's reading and writing:
 * only the thread that does so and a reload of the settings take it.
 */
#include "mirror/kept.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/book.h"
#include "store/usedb.h"

#define MAX_PLANS 8		    /* reloads while a request of the first still runs */
#define WINDOW_MS INT64_C(21600000) /* where it is not said */
#define AHEAD_MS 60000		    /* another machine's clock may be */
#define SEEN_MS 60000		    /* the same numbers, seen so much later, are news */

struct kept {
	struct usage *usage;
	pthread_mutex_t mu;
	struct book book;	      /* guarded by mu */
	struct plan *plan[MAX_PLANS]; /* guarded by mu; the present one last */
	size_t n_plans;
};

static struct plan *present(struct kept *k)
{
	return k->plan[k->n_plans - 1];
}

/* --- from the upstreams --- */

static void take_news(struct kept *k, struct site *site, bool is_present)
{
	struct upstream_news news;
	struct book_account *a;
	size_t i;

	while (upstream_quota_news(site->up, &news)) {
		a = book_account(&k->book, site->host, news.quota.account_id);
		if (a == NULL)
			continue;
		if (news.quota.known)
			book_observed(a, &news.quota, is_present);
		for (i = 0; i < news.n_spent; i++)
			book_spent(a, news.spent[i].slot_wall_ms, news.spent[i].n,
				   is_present);
	}
}

/* The numbers may be the same as before, but known to be so later. */
static void take_times(struct kept *k, struct site *site)
{
	struct upstream_quota q[UPSTREAM_ACCOUNTS_MAX];
	size_t n = upstream_quotas(site->up, q, UPSTREAM_ACCOUNTS_MAX), i;

	for (i = 0; i < n; i++) {
		struct book_account *a =
			book_account(&k->book, site->host, q[i].account_id);

		if (a != NULL && q[i].known &&
		    q[i].seen_wall_ms >= a->quota.seen_wall_ms + SEEN_MS)
			book_observed(a, &q[i], true);
	}
}

/* What was spent earlier is of no use any more. */
static int64_t oldest_ms(const struct book_account *a)
{
	int64_t most_s = USEDB_SPENT_MAX_MS / 1000, s = a->quota.window_s;
	int64_t window_ms = s <= 0 ? WINDOW_MS : (s < most_s ? s : most_s) * 1000;

	return clock_wall_ms() - window_ms - window_ms / 100;
}

static void forget_old(struct book *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		book_age(b->account[i], oldest_ms(b->account[i]));
}

/* A plan that nobody but this uses any more has said all that it will. */
static void drop_unused_plans(struct kept *k, const bool *unused)
{
	size_t i, n = 0;

	for (i = 0; i < k->n_plans; i++) {
		if (unused[i])
			plan_unref(k->plan[i]);
		else
			k->plan[n++] = k->plan[i];
	}
	k->n_plans = n;
}

static void collect(struct kept *k)
{
	bool unused[MAX_PLANS] = { false };
	size_t i, j;

	for (i = 0; i < k->n_plans; i++) {
		struct plan *p = k->plan[i];
		bool last = i + 1 == k->n_plans;

		unused[i] = !last && atomic_load(&p->refs) == 1;
		for (j = 0; j < p->nsites; j++) {
			take_news(k, &p->site[j], last);
			if (last)
				take_times(k, &p->site[j]);
		}
	}
	drop_unused_plans(k, unused);
	forget_old(&k->book);
}

/* --- to the upstreams --- */

static bool knows(struct upstream *up, const char *account_id)
{
	struct upstream_quota q[UPSTREAM_ACCOUNTS_MAX];
	size_t n = upstream_quotas(up, q, UPSTREAM_ACCOUNTS_MAX), i;

	for (i = 0; i < n; i++)
		if (strcmp(q[i].account_id, account_id) == 0)
			return true;
	return false;
}

/* Of an account that is not among the upstream's, as far as that knows them by now,
 * nothing is taken: it is told again later. */
static void tell(struct kept *k)
{
	struct upstream_spent spent[BOOK_MAX_SLOTS];
	struct plan *p = present(k);
	size_t i, j, n;

	for (i = 0; i < k->book.n; i++) {
		struct book_account *a = k->book.account[i];

		n = book_untold_of(a, spent, BOOK_MAX_SLOTS);
		if (n == 0 && a->told)
			continue;
		for (j = 0; j < p->nsites; j++) {
			struct upstream *up = p->site[j].up;

			if (strcmp(p->site[j].host, a->host) != 0)
				continue;
			upstream_quota_restore(up, &a->quota, spent, n);
			if (knows(up, a->quota.account_id))
				book_told(a);
		}
	}
}

/* --- the file --- */

static void on_quota(void *arg, const struct usedb_quota *row)
{
	struct book_account *a = book_account(arg, row->host, row->account_id);
	struct upstream_quota q = {
		.known = true,
		.limit = row->limit,
		.remaining = row->remaining,
		.window_s = row->window_s,
		.seen_wall_ms = row->seen_ms,
		.used_up = row->back_ms > 0,
		.back_wall_ms = row->back_ms,
	};

	if (a == NULL || row->seen_ms > clock_wall_ms() + AHEAD_MS)
		return;
	snprintf(q.source, sizeof(q.source), "%s", row->source);
	snprintf(q.account, sizeof(q.account), "%s", row->account);
	snprintf(q.account_id, sizeof(q.account_id), "%s", row->account_id);
	book_read_quota(a, &q);
}

static void on_spent(void *arg, int64_t slot_ms, uint32_t n)
{
	book_read_spent(arg, slot_ms, n);
}

static int read_rows(struct kept *k, struct usedb *db, struct err *e)
{
	int64_t now = clock_wall_ms();
	bool has;
	size_t i;

	if (usedb_quota_has(db, &has, e) != 0)
		return -1;
	if (!has)
		return 0;
	if (usedb_quota_each(db, on_quota, &k->book, e) != 0)
		return -1;
	for (i = 0; i < k->book.n; i++) {
		struct book_account *a = k->book.account[i];

		if (usedb_quota_each_spent(db, a->host, a->quota.account_id, oldest_ms(a),
					   now + AHEAD_MS, on_spent, a, e) != 0)
			return -1;
	}
	return 0;
}

static int write_account(struct usedb *db, const struct book_account *a, struct err *e)
{
	const struct upstream_quota *q = &a->quota;
	struct usedb_quota row = {
		.limit = q->limit,
		.remaining = q->remaining,
		.window_s = q->window_s,
		.seen_ms = q->seen_wall_ms,
		.back_ms = q->used_up ? q->back_wall_ms : 0,
	};
	size_t i;

	snprintf(row.host, sizeof(row.host), "%s", a->host);
	snprintf(row.source, sizeof(row.source), "%s", q->source);
	snprintf(row.account, sizeof(row.account), "%s", q->account);
	snprintf(row.account_id, sizeof(row.account_id), "%s", q->account_id);
	if (a->writing && usedb_quota_put(db, &row, clock_wall_ms(), e) != 0)
		return -1;
	for (i = 0; i < a->n_slots; i++)
		if (a->slot[i].writing > 0 &&
		    usedb_quota_add_spent(db, a->host, q->account_id, a->slot[i].at_ms,
					  a->slot[i].writing, e) != 0)
			return -1;
	return 0;
}

static int on_read(void *arg, struct usedb *db, struct err *e)
{
	struct kept *k = arg;
	int rc;

	pthread_mutex_lock(&k->mu);
	collect(k);
	rc = read_rows(k, db, e);
	tell(k);
	pthread_mutex_unlock(&k->mu);
	return rc;
}

static bool on_due(void *arg)
{
	struct kept *k = arg;
	bool due;

	pthread_mutex_lock(&k->mu);
	collect(k);
	tell(k);
	due = book_is_unwritten(&k->book);
	pthread_mutex_unlock(&k->mu);
	return due;
}

static int on_write(void *arg, struct usedb *db, bool anew, struct err *e)
{
	struct kept *k = arg;
	size_t i;
	int rc;

	pthread_mutex_lock(&k->mu);
	if (anew)
		book_unfiled(&k->book);
	collect(k);
	rc = read_rows(k, db, e);
	tell(k);
	book_writing(&k->book);
	for (i = 0; i < k->book.n && rc == 0; i++)
		rc = write_account(db, k->book.account[i], e);
	pthread_mutex_unlock(&k->mu);
	return rc;
}

static void on_written(void *arg)
{
	struct kept *k = arg;

	pthread_mutex_lock(&k->mu);
	book_written(&k->book);
	pthread_mutex_unlock(&k->mu);
}

/* --- from outside --- */

struct kept *kept_new(struct store *s, struct plan *plan)
{
	struct kept *k = mem_alloc(sizeof(*k));
	const struct usage_guest guest = { k, on_read, on_due, on_write, on_written };

	pthread_mutex_init(&k->mu, NULL);
	k->plan[k->n_plans++] = plan_ref(plan);
	k->usage = usage_new(s, &guest);
	return k;
}

void kept_free(struct kept *k)
{
	size_t i;

	if (k == NULL)
		return;
	usage_free(k->usage);
	for (i = 0; i < k->n_plans; i++)
		plan_unref(k->plan[i]);
	book_done(&k->book);
	pthread_mutex_destroy(&k->mu);
	free(k);
}

struct usage *kept_usage(struct kept *k)
{
	return k->usage;
}

void kept_adopt(struct kept *k, struct plan *plan)
{
	pthread_mutex_lock(&k->mu);
	collect(k);
	if (k->n_plans == MAX_PLANS) {
		plan_unref(k->plan[0]);
		memmove(&k->plan[0], &k->plan[1], (MAX_PLANS - 1) * sizeof(k->plan[0]));
		k->n_plans--;
	}
	k->plan[k->n_plans++] = plan_ref(plan);
	book_untold(&k->book);
	tell(k);
	pthread_mutex_unlock(&k->mu);
}

void kept_wait(struct kept *k)
{
	usage_wait_read(k->usage, KEPT_WAIT_MS);
}

void kept_due(struct kept *k)
{
	usage_due(k->usage);
}

void kept_look_now(struct kept *k)
{
	kept_wait(k); /* the thread may be at it for the first time */
	usage_read_now(k->usage);
}

void kept_look_soon(struct kept *k)
{
	usage_read_soon(k->usage);
}
