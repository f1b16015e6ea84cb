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

#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/keep.h"

static bool still_named(struct store *s, const struct partial *p, struct stat *st)
{
	struct stat named;

	return fstat(p->fd, st) == 0 && fstatat(s->dirfd, p->path, &named, 0) == 0 &&
	       named.st_ino == st->st_ino && named.st_dev == st->st_dev;
}

int partial_open(struct store *s, const struct digest *d, struct partial *out,
		 struct err *e)
{
	struct partial p;
	struct stat st;
	int tries;

	p.size = 0;
	p.own = false;
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
			*out = p;
			return 0;
		}
		close(p.fd);
	}
	p.own = true;
	p.fd = fs_temp(s->dirfd, LAYOUT_TMP, p.path, sizeof(p.path), e);
	if (p.fd < 0)
		return -1;
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

int partial_commit(struct store *s, const struct digest *d, struct partial *p,
		   struct err *e)
{
	layout_path path;

	layout_blob(path, d);
	keep_file(p->fd);
	if (fs_sync(p->fd, e) != 0)
		return err_add(e, "%s", p->path);
	/* What has the name already stays, for those who read it, unless it is torn. */
	return fs_place(s->dirfd, p->path, path,
			keep_blob(s, d) ? FS_NOREPLACE : FS_REPLACE, true, e);
}

void partial_unlock(struct partial *p)
{
	if (p->fd >= 0)
		flock(p->fd, LOCK_UN);
}

void partial_discard(struct store *s, struct partial *p)
{
	fs_unlink(s->dirfd, p->path, NULL);
}

void partial_close(struct store *s, struct partial *p)
{
	if (p->fd >= 0 && p->own)
		partial_discard(s, p);
	mem_closep(&p->fd);
}
