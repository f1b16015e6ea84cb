/*
 * partial.c - opening, committing and discarding unfinished downloads.
 *
 * The lock is flock(2) on the file itself.  Between open and flock another process may
 * have committed and unlinked the file: the inode is then no longer the one under the
 * name, and the opening starts again.
 */
#include "store/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/keep.h"
#include "store/room.h"

static bool still_named(struct store *s, const struct partial *p, struct stat *st)
{
	struct stat named;

	return fstat(p->fd, st) == 0 && fstatat(s->dirfd, p->path, &named, 0) == 0 &&
	       named.st_ino == st->st_ino && named.st_dev == st->st_dev;
}

int partial_open(struct store *s, const struct digest *d, struct partial *out,
		 struct err *e)
{
	struct partial p = { .fd = -1 };
	struct stat st;
	int tries;

	layout_partial(p.path, d);
	for (tries = 0; tries < 5; tries++) {
		if (fault("store.partial"))
			return err_errno(e, "cannot create %s", p.path);
		p.fd = openat(s->dirfd, p.path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (p.fd < 0)
			return err_errno(e, "cannot create %s", p.path);
		if (flock(p.fd, LOCK_EX | LOCK_NB) != 0) {
			close(p.fd);
			break; /* another process downloads it too */
		}
		if (still_named(s, &p, &st) && st.st_nlink > 1) {
			/* A blob as well: what a power cut can leave of a rename. */
			fs_unlink(s->dirfd, p.path, NULL);
		} else if (still_named(s, &p, &st)) {
			p.size = (uint64_t)st.st_size;
			p.stake = stake_of(s, p.size, true);
			*out = p;
			return 0;
		}
		close(p.fd);
	}
	p.own = true;
	p.fd = fs_temp(s->dirfd, LAYOUT_TMP, p.path, sizeof(p.path), e);
	if (p.fd < 0)
		return -1;
	p.stake = stake_of(s, 0, false);
	*out = p;
	return 0;
}

bool partial_taken(struct store *s, const struct digest *d, uint64_t *size)
{
	layout_path path;
	struct stat st;
	bool taken;
	int fd;

	layout_partial(path, d);
	fd = openat(s->dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	taken = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
		fstat(fd, &st) == 0;
	if (taken)
		*size = (uint64_t)st.st_size;
	close(fd); /* and with it the lock */
	return taken;
}

uint64_t partial_bytes(struct store *s, const struct digest *d)
{
	layout_path path;
	struct stat st;

	layout_partial(path, d);
	return fstatat(s->dirfd, path, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

int partial_need(struct partial *p, uint64_t size, int64_t wait_ms, struct err *e)
{
	if (stake_need(&p->stake, size, wait_ms, e) != 0)
		return -1;
	if (!fault("space.reserve") &&
	    (fallocate(p->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0 ||
	     (errno != ENOSPC && errno != EDQUOT && errno != EFBIG)))
		return 0;   /* done, or this filesystem cannot: then writing will tell */
	if (errno == EFBIG) /* no room either, whatever the reason */
		errno = ENOSPC;
	err_errno(e, "cannot reserve %llu bytes", (unsigned long long)size);
	stake_settle(&p->stake);
	return -1;
}

int partial_write(struct partial *p, uint64_t off, const void *bytes, size_t n,
		  int64_t wait_ms, struct err *e)
{
	int rc;

	if (fault("space.write"))
		return err_errno(e, "cannot write");
	if (stake_need(&p->stake, off + n, wait_ms, e) != 0)
		return -1;
	room_other_begin(p->stake.store);
	rc = fs_pwrite_all(p->fd, bytes, n, off, e);
	if (rc == 0 && off + n > p->stake.bytes)
		stake_now(&p->stake, off + n);
	room_other_end(p->stake.store);
	return rc;
}

/* Under which name is the file now, however far giving it one has come? */
static void settle_name(struct store *s, const struct digest *d, struct partial *p,
			const char *blob, uint64_t was)
{
	struct stat st = { .st_nlink = 1 }, named;

	if (fstat(p->fd, &st) == 0 && fstatat(s->dirfd, blob, &named, 0) == 0 &&
	    named.st_ino == st.st_ino && named.st_dev == st.st_dev) {
		p->gone = true;
		stake_is_blob(&p->stake, d, was);
		return;
	}
	if (st.st_nlink == 0) { /* another has put its own over it */
		p->gone = true;
		stake_unname(&p->stake);
	}
	room_blob_end(s, d, 0);
}

int partial_commit(struct store *s, const struct digest *d, struct partial *p,
		   struct err *e)
{
	layout_path path;
	struct stat st;
	int rc;

	layout_blob(path, d);
	keep_file(p->fd);
	if (fs_sync(p->fd, e) != 0)
		return err_add(e, "%s", p->path);
	room_blob_begin(s, d);
	/* Over what has the name already: nobody knows how that is by now, and these
	 * bytes are known to be right. Who has it open reads on. */
	if (fstatat(s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		st.st_size = 0;
	rc = fs_place(s->dirfd, p->path, path, FS_REPLACE, true, e);
	settle_name(s, d, p, path, (uint64_t)st.st_size);
	return rc;
}

/* What is past its end was only promised, and its bytes as they are found are what counts
 * (a failed write may have left some). */
static void settle_bytes(struct partial *p)
{
	struct stat st;

	stake_settle(&p->stake);
	if (p->gone || p->own || fstat(p->fd, &st) != 0)
		return;
	if ((uint64_t)st.st_size != p->stake.bytes &&
	    ftruncate(p->fd, (off_t)p->stake.bytes) == 0)
		st.st_size = (off_t)p->stake.bytes;
	if ((uint64_t)st.st_size < p->stake.bytes)
		stake_now(&p->stake, (uint64_t)st.st_size);
	if (ftruncate(p->fd, st.st_size) != 0)
		(void)errno;
}

void partial_unlock(struct partial *p)
{
	if (p->fd < 0 || p->unlocked)
		return;
	if (p->stake.store != NULL) {
		room_other_begin(p->stake.store);
		settle_bytes(p);
		room_other_end(p->stake.store);
	}
	p->unlocked = true;
	flock(p->fd, LOCK_UN);
}

void partial_discard(struct store *s, struct partial *p)
{
	if (p->gone || p->unlocked)
		return;
	room_other_begin(s);
	if (fs_unlink(s->dirfd, p->path, NULL) == 0) {
		p->gone = true;
		stake_unname(&p->stake);
	}
	room_other_end(s);
}

void partial_cut(struct store *s, struct partial *p, uint64_t off)
{
	partial_discard(s, p);
	room_other_begin(s);
	if (ftruncate(p->fd, (off_t)off) == 0) /* frees what was promised, too */
		stake_now(&p->stake, off);
	room_other_end(s);
	stake_settle(&p->stake);
}

void partial_close(struct store *s, struct partial *p)
{
	if (p->fd < 0)
		return;
	if (p->own && !p->gone)
		fs_unlink(s->dirfd, p->path, NULL);
	else
		partial_unlock(p);
	mem_closep(&p->fd);
	stake_end(&p->stake);
}

/* --- those that nobody goes on with --- */

struct expiry {
	struct store *store;
	int64_t before_ms;
	unsigned n;
};

static int expire(void *arg, int dirfd, const char *file, struct err *e)
{
	struct expiry *x = arg;
	struct stat st, named;
	CLEANUP(mem_closep)
	int fd = openat(dirfd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	room_other_begin(x->store);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && (int64_t)st.st_mtim.tv_sec * 1000 < x->before_ms &&
	    fstatat(dirfd, file, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == st.st_ino && fs_unlink(dirfd, file, NULL) == 0) {
		room_sub(x->store, (uint64_t)st.st_size);
		x->n++;
	}
	room_other_end(x->store);
	return 0;
}

unsigned partials_expire(struct store *s, int64_t age_ms)
{
	struct expiry x = { s, clock_wall_ms() - age_ms, 0 };

	fs_each(s->dirfd, LAYOUT_PARTIALS, expire, &x, NULL);
	return x.n;
}
