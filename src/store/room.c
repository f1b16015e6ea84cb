/*
 * room.c - atomics in a shared mapping; a mutex and a condition for those of this process
 * who wait.
 *
 * What is weighed against the limit is one number, use and reservations together, so that
 * a compare-and-swap is enough, between processes, too.
 */
#include "store/room.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/room_file.h"
#include "store/room_impl.h"

#define LOOK_MS 100 /* other processes ring no bell of ours */
#define SMALL 64    /* the part of the limit that is left to small things */

struct room *room_open(struct store *s, bool alone)
{
	struct room *r = mem_alloc(sizeof(*r));
	pthread_condattr_t attr;

	pthread_mutex_init(&r->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->moved, &attr);
	pthread_condattr_destroy(&attr);
	room_file_open(r, s, alone);
	return r;
}

void room_close(struct room *r, bool last)
{
	if (r == NULL)
		return;
	room_file_close(r, last);
	pthread_cond_destroy(&r->moved);
	pthread_mutex_destroy(&r->mu);
	free(r);
}

/* --- numbers --- */

static uint64_t at_least_0(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

void room_set_limit(struct store *s, uint64_t bytes)
{
	struct room *r = s->room;

	pthread_mutex_lock(&r->mu);
	atomic_store(&r->limit, bytes);
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->mu);
}

uint64_t room_limit(struct store *s)
{
	return atomic_load(&s->room->limit);
}

uint64_t room_most(struct store *s)
{
	uint64_t limit = room_limit(s);

	return limit == 0 ? INT64_MAX / 2 : limit - limit / SMALL;
}

uint64_t room_reserved(struct store *s)
{
	return at_least_0(atomic_load(&s->room->n->reserved));
}

uint64_t room_used(struct store *s)
{
	return at_least_0(atomic_load(&s->room->n->total) -
			  atomic_load(&s->room->n->reserved));
}

enum room_known room_known(struct store *s)
{
	return (enum room_known)atomic_load(&s->room->n->known);
}

/* --- pressure --- */

static bool is_past_mark(const struct room *r)
{
	return at_least_0(atomic_load(&r->n->total)) >= r->mark;
}

/* With the lock held while it is called, so that who takes fn back knows that it is not
 * running. */
static void press(struct room *r, bool always)
{
	if (atomic_load(&r->limit) == 0)
		return;
	pthread_mutex_lock(&r->mu);
	if (r->pressure != NULL && (always || is_past_mark(r)))
		r->pressure(r->arg);
	pthread_mutex_unlock(&r->mu);
}

void room_on_pressure(struct store *s, uint64_t mark, void (*fn)(void *arg), void *arg)
{
	struct room *r = s->room;

	pthread_mutex_lock(&r->mu);
	r->mark = mark;
	r->pressure = fn;
	r->arg = arg;
	pthread_mutex_unlock(&r->mu);
	press(r, false);
}

uint64_t room_wanted(struct store *s)
{
	return at_least_0(atomic_load(&s->room->wanted));
}

bool room_is_pressed(struct store *s)
{
	struct room *r = s->room;
	bool past;

	if (atomic_load(&r->limit) == 0)
		return false;
	pthread_mutex_lock(&r->mu);
	past = r->pressure != NULL && is_past_mark(r);
	pthread_mutex_unlock(&r->mu);
	return past || room_wanted(s) > 0;
}

void room_expect(struct store *s, uint64_t n)
{
	uint64_t most = room_most(s), had = atomic_load(&s->room->expected);

	if (room_limit(s) == 0 || n > most ||
	    at_least_0(atomic_load(&s->room->n->total)) <= most - n)
		return;
	while (had < n && !atomic_compare_exchange_weak(&s->room->expected, &had, n))
		;
	press(s->room, true);
}

uint64_t room_expected(struct store *s)
{
	return atomic_load(&s->room->expected);
}

void room_expect_nothing(struct store *s)
{
	atomic_store(&s->room->expected, 0);
}

void room_give_up(struct store *s)
{
	pthread_mutex_lock(&s->room->mu);
	s->room->gave_up++;
	pthread_cond_broadcast(&s->room->moved);
	pthread_mutex_unlock(&s->room->mu);
}

void room_want_notes(struct store *s)
{
	atomic_fetch_add(&s->room->n->notes_wanted, 1);
}

uint64_t room_notes_wanted(struct store *s)
{
	return s->room != NULL ? atomic_load(&s->room->n->notes_wanted) : 0;
}

void room_set_notes(struct store *s, bool has)
{
	if (s->room != NULL)
		atomic_store(&s->room->seat->notes, has);
}

bool room_others_have_notes(struct store *s)
{
	struct room_numbers *n = s->room->n;
	size_t i;

	for (i = 0; i < ROOM_SEATS; i++)
		if (&n->seat[i] != s->room->seat && atomic_load(&n->seat[i].taken) != 0 &&
		    atomic_load(&n->seat[i].notes) != 0)
			return true;
	return false;
}

void room_reap(struct store *s)
{
	room_file_reap(s->room);
}

/* --- reserving --- */

/* False: it does not fit. */
static bool try_add(struct room *r, uint64_t n, uint64_t limit)
{
	int64_t had = atomic_load(&r->n->total);

	do {
		if (n > limit || at_least_0(had) > limit - n)
			return false;
	} while (!atomic_compare_exchange_weak(&r->n->total, &had, had + (int64_t)n));
	return true;
}

static int no_room(struct store *s, uint64_t n, struct err *e)
{
	return err_set(e, ERR_NO_SPACE,
		       "there is no room for %llu bytes more within larder.size, %llu "
		       "bytes",
		       (unsigned long long)n, (unsigned long long)room_limit(s));
}

static void move_reserved(struct room *r, int64_t n)
{
	atomic_fetch_add(&r->seat->reserved, n);
	atomic_fetch_add(&r->n->reserved, n);
}

int room_reserve(struct store *s, uint64_t n, struct err *e)
{
	struct room *r = s->room;

	if (!try_add(r, n, room_most(s))) {
		press(r, true);
		return no_room(s, n, e);
	}
	move_reserved(r, (int64_t)n);
	press(r, false);
	return 0;
}

/* Until something has moved, or for a moment. False: no room will be made. */
static bool wait_moved(struct room *r, unsigned gave_up, int64_t until_ms)
{
	int64_t most_ms = clock_mono_ms() + LOOK_MS;
	struct timespec ts;
	bool hope;

	if (until_ms > most_ms)
		until_ms = most_ms;
	ts = (struct timespec){ .tv_sec = until_ms / 1000,
				.tv_nsec = until_ms % 1000 * 1000000 };
	pthread_mutex_lock(&r->mu);
	if (r->gave_up == gave_up)
		pthread_cond_timedwait(&r->moved, &r->mu, &ts);
	hope = r->gave_up == gave_up;
	pthread_mutex_unlock(&r->mu);
	return hope;
}

static int wait_for(struct store *s, uint64_t n, int64_t deadline_ms, struct err *e)
{
	struct room *r = s->room;
	unsigned gave_up;

	pthread_mutex_lock(&r->mu);
	gave_up = r->gave_up;
	pthread_mutex_unlock(&r->mu);
	while (room_reserve(s, n, e) != 0) {
		if (clock_mono_ms() >= deadline_ms || n > room_most(s))
			return -1;
		if (!wait_moved(r, gave_up, deadline_ms))
			return room_reserve(s, n, e); /* for the last time */
	}
	return 0;
}

/* Where somebody is counting, it is not long until the limit means something. */
static void wait_counted(struct store *s, int64_t deadline_ms)
{
	struct room *r = s->room;
	unsigned gave_up;
	bool hope;

	pthread_mutex_lock(&r->mu);
	hope = r->pressure != NULL;
	gave_up = r->gave_up;
	pthread_mutex_unlock(&r->mu);
	while (hope && room_known(s) == ROOM_NOT_COUNTED && clock_mono_ms() < deadline_ms)
		hope = wait_moved(r, gave_up, deadline_ms);
}

int room_reserve_wait(struct store *s, uint64_t n, int64_t deadline_ms, struct err *e)
{
	struct room *r = s->room;
	int rc;

	if (room_limit(s) != 0 && room_known(s) == ROOM_NOT_COUNTED) {
		atomic_fetch_add(&r->wanted, (int64_t)n);
		wait_counted(s, deadline_ms);
		atomic_fetch_sub(&r->wanted, (int64_t)n);
	}
	if (try_add(r, n, room_most(s))) {
		move_reserved(r, (int64_t)n);
		press(r, false);
		return 0;
	}
	if (n > room_most(s))
		return no_room(s, n, e);
	atomic_fetch_add(&r->wanted, (int64_t)n);
	rc = wait_for(s, n, deadline_ms, e);
	atomic_fetch_sub(&r->wanted, (int64_t)n);
	return rc;
}

int room_take(struct store *s, uint64_t n, struct err *e)
{
	struct room *r = s->room;
	uint64_t limit = room_limit(s);

	if (!try_add(r, n, limit == 0 ? INT64_MAX / 2 : limit)) {
		press(r, true);
		return no_room(s, n, e);
	}
	atomic_fetch_add(&r->n->moves, 1);
	press(r, false);
	return 0;
}

static void wake(struct room *r)
{
	if (atomic_load(&r->limit) == 0)
		return;
	pthread_mutex_lock(&r->mu);
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->mu);
}

void room_filled(struct store *s, uint64_t n)
{
	move_reserved(s->room, -(int64_t)n);
	atomic_fetch_add(&s->room->n->moves, 1);
}

void room_unnamed(struct store *s, uint64_t n)
{
	move_reserved(s->room, (int64_t)n);
	atomic_fetch_add(&s->room->n->moves, 1);
}

void room_release(struct store *s, uint64_t n)
{
	if (n == 0)
		return;
	move_reserved(s->room, -(int64_t)n);
	atomic_fetch_sub(&s->room->n->total, (int64_t)n);
	wake(s->room);
}

void room_sub(struct store *s, uint64_t n)
{
	if (n == 0)
		return;
	atomic_fetch_sub(&s->room->n->total, (int64_t)n);
	atomic_fetch_add(&s->room->n->moves, 1);
	wake(s->room);
}

/* --- counting: see also room_count.c --- */

void room_blob_begin(struct store *s, const struct digest *d)
{
	atomic_fetch_add(&s->room->n->slice[d->bytes[0]].busy, 1);
}

void room_blob_end(struct store *s, const struct digest *d, int64_t more)
{
	struct room_slice *sl = &s->room->n->slice[d->bytes[0]];

	atomic_fetch_add(&sl->bytes, more);
	atomic_fetch_add(&sl->moves, 1);
	atomic_fetch_add(&s->room->n->moves, 1);
	atomic_fetch_sub(&sl->busy, 1);
}

void room_other_begin(struct store *s)
{
	atomic_fetch_add(&s->room->n->busy, 1);
}

void room_other_end(struct store *s)
{
	atomic_fetch_add(&s->room->n->moves, 1);
	atomic_fetch_sub(&s->room->n->busy, 1);
}

void room_look_again(struct store *s)
{
	wake(s->room);
	press(s->room, false);
}

void room_counted(struct store *s, bool all)
{
	atomic_store(&s->room->n->known, all ? ROOM_COUNTED : ROOM_DOUBTFUL);
	wake(s->room);
}
