/*
 * space.c - a partial file, or a memory file with a hole that follows the readers.
 *
 * The memory file has the blob's own offsets: what has been read is punched out of it, so
 * that reading is the same for both and memory stays within the window.
 */
#include "mirror/space.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define COPY_BYTES 65536

static struct space_view on_disk(int fd)
{
	return (struct space_view){ .fd = fd, .mem_fd = -1, .mem_from = UINT64_MAX };
}

/* Where bytes go from now on: a partial, or memory if the disk is full. */
static int begin(struct space *sp, struct space_view *out, struct err *e)
{
	struct partial p;
	struct err why;

	if (partial_open(sp->store, &sp->digest, &p, &why) == 0) {
		sp->partial = p;
		*out = on_disk(p.fd);
		return 0;
	}
	if (why.kind == ERR_NO_SPACE)
		return space_to_memory(sp, 0, out, e);
	*e = why;
	return -1;
}

int space_open(struct space *sp, struct store *s, const struct digest *d,
	       uint64_t *landed, struct err *e)
{
	memset(sp, 0, sizeof(*sp));
	sp->store = s;
	sp->digest = *d;
	sp->old.fd = sp->partial.fd = -1;
	sp->view = on_disk(-1);
	if (begin(sp, &sp->view, e) != 0)
		return -1;
	*landed = sp->partial.size; /* 0 in memory */
	return 0;
}

void space_ended(struct space *sp)
{
	partial_unlock(&sp->partial);
}

void space_close(struct space *sp)
{
	partial_close(sp->store, &sp->partial);
	partial_close(sp->store, &sp->old);
	mem_closep(&sp->view.mem_fd);
}

int space_rehash(const struct space *sp, uint64_t n, struct hash *h, struct err *e)
{
	char chunk[COPY_BYTES];
	uint64_t off = 0;

	while (off < n) {
		size_t want = n - off < sizeof(chunk) ? (size_t)(n - off) : sizeof(chunk);
		ssize_t got = space_read(&sp->view, off, chunk, want);

		if (got < 0)
			return err_errno(e, "cannot read %s", sp->partial.path);
		if (got == 0)
			return err_set(e, ERR_IO, "%s has become shorter",
				       sp->partial.path);
		hash_add(h, chunk, (size_t)got);
		off += (uint64_t)got;
	}
	return 0;
}

int space_reserve(struct space *sp, uint64_t size, struct err *e)
{
	if (sp->view.mem_fd >= 0 || size == 0)
		return 0;
	return partial_need(&sp->partial, size, SPACE_WAIT_MS, e);
}

int space_write(struct space *sp, uint64_t off, const void *p, size_t n, struct err *e)
{
	if (off >= sp->view.mem_from)
		return fs_pwrite_all(sp->view.mem_fd, p, n, off, e);
	return partial_write(&sp->partial, off, p, n, SPACE_WAIT_MS, e);
}

int space_to_memory(struct space *sp, uint64_t off, struct space_view *out, struct err *e)
{
	int fd = memfd_create("larder-pass-through", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "cannot get memory to pass a download through");
	if (sp->partial.fd >= 0)
		partial_cut(sp->store, &sp->partial, off);
	*out = (struct space_view){ sp->partial.fd, fd, off, off };
	return 0;
}

void space_give_back(struct space *sp, uint64_t off)
{
	/* Failing, it costs memory only. */
	fallocate(sp->view.mem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  (off_t)off);
}

int space_restart(struct space *sp, struct space_view *out, struct err *e)
{
	partial_cut(sp->store, &sp->partial, sp->partial.stake.bytes);
	sp->old = sp->partial;
	sp->partial = (struct partial){ .fd = -1 };
	if (begin(sp, out, e) != 0)
		return -1;
	/* Another process's, that was left between the two. */
	if (sp->partial.fd >= 0 && ftruncate(sp->partial.fd, 0) != 0)
		return err_errno(e, "cannot empty %s", sp->partial.path);
	stake_now(&sp->partial.stake, 0);
	return 0;
}

size_t space_same(const struct space *sp, uint64_t off, const void *p, size_t n)
{
	char old[COPY_BYTES];
	const char *new = p;
	size_t done = 0, i;

	while (done < n) {
		size_t want = n - done < sizeof(old) ? n - done : sizeof(old);
		ssize_t got = pread(sp->old.fd, old, want, (off_t)(off + done));

		if (got <= 0)
			return n; /* past its end: nobody was given anything there */
		for (i = 0; i < (size_t)got; i++)
			if (old[i] != new[done + i])
				return done + i;
		done += (size_t)got;
	}
	return n;
}

ssize_t space_read(const struct space_view *v, uint64_t off, void *p, size_t n)
{
	bool in_memory = off >= v->mem_from;
	ssize_t got;

	if (!in_memory && n > v->mem_from - off)
		n = (size_t)(v->mem_from - off);
	do
		got = pread(in_memory ? v->mem_fd : v->fd, p, n, (off_t)off);
	while (got < 0 && errno == EINTR);
	return got;
}

int space_commit(struct space *sp, struct err *e)
{
	return partial_commit(sp->store, &sp->digest, &sp->partial, e);
}

void space_discard(struct space *sp)
{
	if (sp->partial.fd >= 0)
		partial_discard(sp->store, &sp->partial);
}
