/*
 * room_file.c - the numbers' file, and who has a seat in it.
 *
 * Each process has a seat, whose reservations go with it: it holds a lock on the seat's
 * byte of the file, which ends with the process.
 */
#include "store/room_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/layout.h"
#include "store/room_impl.h"

#define MAGIC UINT64_C(0x326d6f6f72647261)

static struct room_numbers *map_file(struct store *s, int *out_fd)
{
	CLEANUP(mem_closep)
	int fd = openat(s->dirfd, LAYOUT_ROOM, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return NULL;
	/* Allocated, so that a full disk is no SIGBUS later. */
	if (st.st_size < (off_t)sizeof(struct room_numbers) &&
	    posix_fallocate(fd, 0, sizeof(struct room_numbers)) != 0)
		return NULL;
	p = mmap(NULL, sizeof(struct room_numbers), PROT_READ | PROT_WRITE, MAP_SHARED,
		 fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*out_fd = fd;
	fd = -1;
	return p;
}

/* What was not written back before a power cut is of another boot. */
static void read_boot(char out[ROOM_BOOT_BYTES])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	memset(out, 0, ROOM_BOOT_BYTES);
	if (f == NULL)
		return;
	if (fgets(out, ROOM_BOOT_BYTES, f) == NULL)
		out[0] = '\0';
	fclose(f);
}

static void begin_anew(struct room_numbers *n)
{
	atomic_store(&n->magic, 0);
	memset(n, 0, sizeof(*n));
	read_boot(n->boot);
	atomic_store(&n->magic, MAGIC);
}

static void begin_again(struct room_numbers *n)
{
	char boot[ROOM_BOOT_BYTES];
	size_t i;

	read_boot(boot);
	if ((atomic_load(&n->clean) == 0 || memcmp(boot, n->boot, sizeof(boot)) != 0) &&
	    atomic_load(&n->known) == ROOM_COUNTED)
		atomic_store(&n->known, ROOM_DOUBTFUL);
	memcpy(n->boot, boot, sizeof(boot));
	atomic_fetch_sub(&n->total, atomic_exchange(&n->reserved, 0));
	for (i = 0; i < ROOM_SEATS; i++) {
		atomic_store(&n->seat[i].taken, 0);
		atomic_store(&n->seat[i].reserved, 0);
	}
	atomic_store(&n->busy, 0);
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

	for (i = 0; r->fd >= 0 && i < ROOM_SEATS - 1; i++) {
		struct room_seat *seat = &r->n->seat[i];
		int32_t nobody = 0;

		if (atomic_load(&seat->taken) != 0 || !lock_seat(r->fd, i, F_WRLCK))
			continue;
		if (atomic_compare_exchange_strong(&seat->taken, &nobody, 1)) {
			atomic_store(&seat->notes, 0);
			r->seat = seat;
			return;
		}
		lock_seat(r->fd, i, F_UNLCK);
	}
	r->seat = &r->n->seat[ROOM_SEATS - 1];
}

void room_file_open(struct room *r, struct store *s, bool alone)
{
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
}

static void leave_seat(struct room *r)
{
	size_t i = (size_t)(r->seat - r->n->seat);
	int64_t left;

	if (i == ROOM_SEATS - 1)
		return;
	left = atomic_exchange(&r->seat->reserved, 0);
	atomic_fetch_sub(&r->n->reserved, left);
	atomic_fetch_sub(&r->n->total, left);
	atomic_store(&r->seat->taken, 0);
}

void room_file_close(struct room *r, bool last)
{
	leave_seat(r);
	if (last)
		atomic_store(&r->n->clean, 1);
	if (r->fd >= 0)
		munmap(r->n, sizeof(*r->n));
	else
		free(r->n);
	mem_closep(&r->fd); /* and with it the seat's lock */
}

void room_file_reap(struct room *r)
{
	size_t i;

	for (i = 0; r->fd >= 0 && i < ROOM_SEATS - 1; i++) {
		struct room_seat *seat = &r->n->seat[i];
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

bool room_file_look(struct store *s, uint64_t *used, uint64_t *reserved)
{
	CLEANUP(mem_closep)
	int fd = openat(s->dirfd, LAYOUT_ROOM, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct room_numbers *n;
	struct stat st;
	int64_t total, res;
	bool known;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size < (off_t)sizeof(*n))
		return false;
	n = mmap(NULL, sizeof(*n), PROT_READ, MAP_SHARED, fd, 0);
	if (n == MAP_FAILED)
		return false;
	total = atomic_load(&n->total);
	res = atomic_load(&n->reserved);
	*reserved = (uint64_t)(res > 0 ? res : 0);
	*used = total > res ? (uint64_t)(total - res) : 0;
	known = atomic_load(&n->magic) == MAGIC &&
		atomic_load(&n->known) != ROOM_NOT_COUNTED;
	munmap(n, sizeof(*n));
	return known;
}
