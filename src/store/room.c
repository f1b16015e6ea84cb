/*
 * room.c - atomics in a shared mapping; a mutex and a condition for those of this process
 * who wait.
 *
 * What is weighed against the limit is one number, use and reservations together, so that
 * a compare-and-swap is enough, between processes, too.
 */
#include "store/room.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/layout.h"

#define MAGIC UINT64_C(0x316d6f6f72647261)
#define LOOK_MS 100 /* other processes ring no bell of ours */

struct numbers {
	_Atomic uint64_t magic;
	/* Bytes in use and reserved, and of those the reserved ones. */
	_Atomic int64_t total, reserved;
	_Atomic int64_t counted; /* it has been, once */
};

struct room {
	struct numbers *n; /* mapped, or private */
	bool mapped;
	_Atomic uint64_t limit;
	pthread_mutex_t mu;
	pthread_cond_t moved;
	/* guarded by mu */
	uint64_t mark;
	void (*pressure)(void *arg);
	void *arg;
	unsigned gave_up; /* how often */
};

static struct numbers *map_file(struct store *s)
{
	CLEANUP(mem_closep)
	int fd = openat(s->dirfd, LAYOUT_ROOM, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return NULL;
	/* Allocated, so that a full disk is no SIGBUS later. */
	if (st.st_size < (off_t)sizeof(struct numbers) &&
	    posix_fallocate(fd, 0, sizeof(struct numbers)) != 0)
		return NULL;
	p = mmap(NULL, sizeof(struct numbers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p != MAP_FAILED ? p : NULL;
}

struct room *room_open(struct store *s, bool alone)
{
	struct room *r = mem_alloc(sizeof(*r));
	pthread_condattr_t attr;

	pthread_mutex_init(&r->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->moved, &attr);
	pthread_condattr_destroy(&attr);
	r->n = map_file(s);
	r->mapped = r->n != NULL;
	if (!r->mapped)
		r->n = mem_alloc(sizeof(*r->n));
	if (atomic_load(&r->n->magic) != MAGIC) {
		atomic_store(&r->n->total, 0);
		atomic_store(&r->n->reserved, 0);
		atomic_store(&r->n->counted, 0);
		atomic_store(&r->n->magic, MAGIC);
	} else if (alone) {
		atomic_fetch_sub(&r->n->total, atomic_exchange(&r->n->reserved, 0));
	}
	return r;
}

void room_close(struct room *r)
{
	if (r == NULL)
		return;
	if (r->mapped)
		munmap(r->n, sizeof(*r->n));
	else
		free(r->n);
	pthread_cond_destroy(&r->moved);
	pthread_mutex_destroy(&r->mu);
	free(r);
}

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

uint64_t room_reserved(struct store *s)
{
	return at_least_0(atomic_load(&s->room->n->reserved));
}

uint64_t room_used(struct store *s)
{
	return at_least_0(atomic_load(&s->room->n->total) -
			  atomic_load(&s->room->n->reserved));
}

bool room_is_counted(struct store *s)
{
	return atomic_load(&s->room->n->counted) != 0;
}

static void press(struct room *r, bool always)
{
	void (*fn)(void *arg) = NULL;
	void *arg = NULL;

	pthread_mutex_lock(&r->mu);
	if (r->pressure != NULL &&
	    (always || at_least_0(atomic_load(&r->n->total)) >= r->mark)) {
		fn = r->pressure;
		arg = r->arg;
	}
	pthread_mutex_unlock(&r->mu);
	if (fn != NULL)
		fn(arg);
}

/* False: it does not fit. */
static bool try_add(struct room *r, uint64_t n)
{
	int64_t had = atomic_load(&r->n->total);

	do {
		uint64_t limit = atomic_load(&r->limit);

		if (limit != 0 && (n > limit || at_least_0(had) > limit - n))
			return false;
	} while (!atomic_compare_exchange_weak(&r->n->total, &had, had + (int64_t)n));
	return true;
}

static int no_room(struct room *r, uint64_t n, struct err *e)
{
	return err_set(e, ERR_NO_SPACE,
		       "%llu bytes more would pass larder.size, %llu bytes",
		       (unsigned long long)n, (unsigned long long)atomic_load(&r->limit));
}

int room_reserve(struct store *s, uint64_t n, struct err *e)
{
	struct room *r = s->room;

	if (n > INT64_MAX / 2 || !try_add(r, n)) {
		press(r, true);
		return no_room(r, n, e);
	}
	atomic_fetch_add(&r->n->reserved, (int64_t)n);
	press(r, false);
	return 0;
}

int room_reserve_wait(struct store *s, uint64_t n, int64_t deadline_ms, struct err *e)
{
	struct room *r = s->room;
	unsigned gave_up;
	int64_t now;

	pthread_mutex_lock(&r->mu);
	gave_up = r->gave_up;
	pthread_mutex_unlock(&r->mu);
	while (room_reserve(s, n, e) != 0) {
		int64_t until_ms;
		struct timespec ts;

		now = clock_mono_ms();
		if (now >= deadline_ms || n > room_limit(s))
			return -1;
		until_ms = now + LOOK_MS < deadline_ms ? now + LOOK_MS : deadline_ms;
		ts = (struct timespec){ .tv_sec = until_ms / 1000,
					.tv_nsec = until_ms % 1000 * 1000000 };
		pthread_mutex_lock(&r->mu);
		if (r->gave_up == gave_up)
			pthread_cond_timedwait(&r->moved, &r->mu, &ts);
		now = r->gave_up != gave_up ? deadline_ms : now;
		pthread_mutex_unlock(&r->mu);
		if (now >= deadline_ms)
			return room_reserve(s, n, e); /* for the last time */
	}
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
	atomic_fetch_sub(&s->room->n->reserved, (int64_t)n);
}

void room_release(struct store *s, uint64_t n)
{
	if (n == 0)
		return;
	atomic_fetch_sub(&s->room->n->reserved, (int64_t)n);
	atomic_fetch_sub(&s->room->n->total, (int64_t)n);
	wake(s->room);
}

void room_add(struct store *s, uint64_t n)
{
	atomic_fetch_add(&s->room->n->total, (int64_t)n);
	press(s->room, false);
}

void room_sub(struct store *s, uint64_t n)
{
	if (n == 0)
		return;
	atomic_fetch_sub(&s->room->n->total, (int64_t)n);
	wake(s->room);
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

void room_give_up(struct store *s)
{
	pthread_mutex_lock(&s->room->mu);
	s->room->gave_up++;
	pthread_cond_broadcast(&s->room->moved);
	pthread_mutex_unlock(&s->room->mu);
}

void room_count_begin(struct store *s, struct room_count *c)
{
	c->used_before = (uint64_t)(atomic_load(&s->room->n->total) -
				    atomic_load(&s->room->n->reserved));
}

void room_count_end(struct store *s, const struct room_count *c, uint64_t bytes)
{
	/* What has changed since the beginning stays changed; files that came meanwhile
	 * may have been counted twice, which the next count puts right. */
	atomic_fetch_add(&s->room->n->total, (int64_t)bytes - (int64_t)c->used_before);
	atomic_store(&s->room->n->counted, 1);
	wake(s->room);
	press(s->room, false);
}
