/*
 * room.c - atomics in a shared mapping; a mutex and a condition for those of this process
 * who wait.
 *
 * What is weighed against the limit is one number, use and reservations together, so that
 * a compare-and-swap is enough, between processes, too. Each process has a seat, whose
 * reservations go with it: it holds a lock on the seat's byte of the file, which ends
 * with the process.
 */
#include "store/room.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/layout.h"

#define MAGIC UINT64_C(0x326d6f6f72647261)
#define LOOK_MS 100 /* other processes ring no bell of ours */
#define SEATS 32    /* processes; more share the last one, which nobody takes back */
#define SMALL 64    /* the part of the limit that is left to small things */
#define BOOT_BYTES 40

struct seat {
	_Atomic int32_t taken;
	_Atomic int64_t reserved;
};

struct slice {
	_Atomic int64_t bytes;
	_Atomic uint64_t moves;
	_Atomic int64_t busy; /* files that come or go just now */
};

struct numbers {
	_Atomic uint64_t magic;
	/* Bytes in use and reserved, and of those the reserved ones. */
	_Atomic int64_t total, reserved;
	_Atomic int known; /* enum room_known */
	_Atomic int clean; /* the last who had it open ended in order */
	char boot[BOOT_BYTES];
	_Atomic uint64_t moves; /* of what is no blob */
	struct seat seat[SEATS];
	struct slice slice[ROOM_SLICES];
};

struct room {
	struct numbers *n; /* mapped, or private */
	int fd;		   /* -1: private */
	struct seat *seat;
	_Atomic uint64_t limit;
	_Atomic int64_t wanted;
	_Atomic uint64_t expected;
	pthread_mutex_t mu;
	pthread_cond_t moved;
	/* guarded by mu */
	uint64_t mark;
	void (*pressure)(void *arg);
	void *arg;
	unsigned gave_up; /* how often */
};

/* --- the file --- */

static struct numbers *map_file(struct store *s, int *out_fd)
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
	if (p == MAP_FAILED)
		return NULL;
	*out_fd = fd;
	fd = -1;
	return p;
}

/* What was not written back before a power cut is of another boot. */
static void read_boot(char out[BOOT_BYTES])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	memset(out, 0, BOOT_BYTES);
	if (f == NULL)
		return;
	if (fgets(out, BOOT_BYTES, f) == NULL)
		out[0] = '\0';
	fclose(f);
}

static void begin_anew(struct numbers *n)
{
	atomic_store(&n->magic, 0);
	memset(n, 0, sizeof(*n));
	read_boot(n->boot);
	atomic_store(&n->magic, MAGIC);
}

static void begin_again(struct numbers *n)
{
	char boot[BOOT_BYTES];
	size_t i;

	read_boot(boot);
	if ((atomic_load(&n->clean) == 0 || memcmp(boot, n->boot, sizeof(boot)) != 0) &&
	    atomic_load(&n->known) == ROOM_COUNTED)
		atomic_store(&n->known, ROOM_DOUBTFUL);
	memcpy(n->boot, boot, sizeof(boot));
	atomic_fetch_sub(&n->total, atomic_exchange(&n->reserved, 0));
	for (i = 0; i < SEATS; i++) {
		atomic_store(&n->seat[i].taken, 0);
		atomic_store(&n->seat[i].reserved, 0);
	}
	for (i = 0; i < ROOM_SLICES; i++)
		atomic_store(&n->slice[i].busy, 0);
}

/* Of one byte of the file, by this open file. */
static bool lock_seat(int fd, size_t i, short how)
{
	struct flock l = {
		.l_type = how, .l_whence = SEEK_SET, .l_start = (off_t)i, .l_len = 1
	};

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static void take_seat(struct room *r)
{
	size_t i;

	for (i = 0; r->fd >= 0 && i < SEATS - 1; i++) {
		struct seat *seat = &r->n->seat[i];
		int32_t nobody = 0;

		if (atomic_load(&seat->taken) != 0 || !lock_seat(r->fd, i, F_WRLCK))
			continue;
		if (atomic_compare_exchange_strong(&seat->taken, &nobody, 1)) {
			r->seat = seat;
			return;
		}
		lock_seat(r->fd, i, F_UNLCK);
	}
	r->seat = &r->n->seat[SEATS - 1];
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
	r->fd = -1;
	r->n = map_file(s, &r->fd);
	if (r->n == NULL)
		r->n = mem_alloc(sizeof(*r->n));
	if (atomic_load(&r->n->magic) != MAGIC)
		begin_anew(r->n);
	else if (alone)
		begin_again(r->n);
	atomic_store(&r->n->clean, 0);
	take_seat(r);
	return r;
}

static void leave_seat(struct room *r)
{
	size_t i = (size_t)(r->seat - r->n->seat);
	int64_t left;

	if (i == SEATS - 1)
		return;
	left = atomic_exchange(&r->seat->reserved, 0);
	atomic_fetch_sub(&r->n->reserved, left);
	atomic_fetch_sub(&r->n->total, left);
	atomic_store(&r->seat->taken, 0);
}

void room_close(struct room *r, bool last)
{
	if (r == NULL)
		return;
	leave_seat(r);
	if (last)
		atomic_store(&r->n->clean, 1);
	if (r->fd >= 0)
		munmap(r->n, sizeof(*r->n));
	else
		free(r->n);
	mem_closep(&r->fd); /* and with it the seat's lock */
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

bool room_look(struct store *s, uint64_t *used, uint64_t *reserved)
{
	CLEANUP(mem_closep)
	int fd = openat(s->dirfd, LAYOUT_ROOM, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct numbers *n;
	struct stat st;
	int64_t total;
	bool known;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size < (off_t)sizeof(*n))
		return false;
	n = mmap(NULL, sizeof(*n), PROT_READ, MAP_SHARED, fd, 0);
	if (n == MAP_FAILED)
		return false;
	total = atomic_load(&n->total);
	*reserved = at_least_0(atomic_load(&n->reserved));
	*used = at_least_0(total - (int64_t)*reserved);
	known = atomic_load(&n->magic) == MAGIC &&
		atomic_load(&n->known) != ROOM_NOT_COUNTED;
	munmap(n, sizeof(*n));
	return known;
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

void room_reap(struct store *s)
{
	struct room *r = s->room;
	size_t i;

	for (i = 0; r->fd >= 0 && i < SEATS - 1; i++) {
		struct seat *seat = &r->n->seat[i];
		int64_t left;

		if (seat == r->seat || atomic_load(&seat->taken) == 0 ||
		    !lock_seat(r->fd, i, F_WRLCK))
			continue;
		left = atomic_exchange(&seat->reserved, 0);
		atomic_fetch_sub(&r->n->reserved, left);
		atomic_fetch_sub(&r->n->total, left);
		if (atomic_load(&r->n->known) == ROOM_COUNTED)
			atomic_store(&r->n->known, ROOM_DOUBTFUL);
		atomic_store(&seat->taken, 0);
		lock_seat(r->fd, i, F_UNLCK);
	}
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

/* --- counting --- */

void room_blob_begin(struct store *s, const struct digest *d)
{
	atomic_fetch_add(&s->room->n->slice[d->bytes[0]].busy, 1);
}

void room_blob_end(struct store *s, const struct digest *d, int64_t more)
{
	struct slice *sl = &s->room->n->slice[d->bytes[0]];

	atomic_fetch_add(&sl->bytes, more);
	atomic_fetch_add(&sl->moves, 1);
	atomic_fetch_add(&s->room->n->moves, 1);
	atomic_fetch_sub(&sl->busy, 1);
}

/* What is in use and no blob. */
static int64_t others(struct numbers *n)
{
	int64_t bytes = atomic_load(&n->total) - atomic_load(&n->reserved);
	size_t i;

	for (i = 0; i < ROOM_SLICES; i++)
		bytes -= atomic_load(&n->slice[i].bytes);
	return bytes;
}

static bool any_busy(struct numbers *n)
{
	size_t i;

	for (i = 0; i < ROOM_SLICES; i++)
		if (atomic_load(&n->slice[i].busy) != 0)
			return true;
	return false;
}

bool room_count_begin(struct store *s, unsigned slice, struct room_count *c)
{
	struct numbers *n = s->room->n;

	c->slice = slice;
	if (slice == ROOM_SLICES) {
		c->moves = atomic_load(&n->moves);
		c->had = others(n);
		return !any_busy(n) && atomic_load(&n->moves) == c->moves;
	}
	c->moves = atomic_load(&n->slice[slice].moves);
	c->had = atomic_load(&n->slice[slice].bytes);
	return atomic_load(&n->slice[slice].busy) == 0;
}

bool room_count_end(struct store *s, const struct room_count *c, uint64_t bytes,
		    bool force)
{
	struct numbers *n = s->room->n;
	int64_t more = (int64_t)bytes - c->had;
	bool still;

	if (c->slice == ROOM_SLICES)
		still = !any_busy(n) && atomic_load(&n->moves) == c->moves;
	else
		still = atomic_load(&n->slice[c->slice].busy) == 0 &&
			atomic_load(&n->slice[c->slice].moves) == c->moves;
	if (!still && !force)
		return false;
	if (c->slice != ROOM_SLICES)
		atomic_fetch_add(&n->slice[c->slice].bytes, more);
	atomic_fetch_add(&n->total, more);
	atomic_fetch_add(&n->moves, 1);
	if (more < 0)
		wake(s->room);
	else
		press(s->room, false);
	return true;
}

void room_counted(struct store *s)
{
	atomic_store(&s->room->n->known, ROOM_COUNTED);
	wake(s->room);
}
