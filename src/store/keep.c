/*
 * keep.c - touching, looking and moving, under flock(2).
 *
 * A lock belongs to an open file, so each keeper opens the lock's file for itself: that
 * holds between threads as well as between processes.
 */
#include "store/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"

static int64_t time_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

/* Kept so lately that it need not be touched again, or so far ahead that the clock has
 * been set back. */
static bool is_new(const struct stat *st)
{
	struct timespec now;
	int64_t age_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - time_of(st);
	return age_ms >= 0 && age_ms < KEEP_LEAST_MS / 5;
}

static int lock(struct store *s, int how, int *fd, struct err *e)
{
	*fd = openat(s->dirfd, LAYOUT_SWEEP, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0)
		return err_errno(e, "cannot open %s", LAYOUT_SWEEP);
	while (flock(*fd, how) != 0) {
		if (errno == EINTR)
			continue;
		err_errno(e, "cannot lock %s", LAYOUT_SWEEP);
		mem_closep(fd);
		return -1;
	}
	return 0;
}

int keep_lock(struct store *s, int *fd, struct err *e)
{
	return lock(s, LOCK_EX, fd, e);
}

void keep_unlock(int *fd)
{
	mem_closep(fd); /* and with it the lock */
}

/* Where the time cannot be set (a volume of another user's), a collection of ours cannot
 * remove the file either. */
static bool touch(struct store *s, const char *path)
{
	struct stat st;
	CLEANUP(mem_closep)
	int fd = -1;

	if (fstatat(s->dirfd, path, &st, 0) != 0)
		return false;
	if (is_new(&st))
		return true;
	if (lock(s, LOCK_SH, &fd, NULL) != 0)
		return true;
	return utimensat(s->dirfd, path, NULL, 0) == 0 || errno != ENOENT;
}

bool keep_blob(struct store *s, const struct digest *d)
{
	layout_path path;

	if (!blob_exists(s, d, NULL))
		return false;
	layout_blob(path, d);
	return touch(s, path);
}

bool keep_link(struct store *s, const struct reponame *name, const struct digest *d)
{
	layout_path path;

	if (!link_exists(s, LINK_LAYER, name, d) || !keep_blob(s, d))
		return false;
	layout_layer(path, name, d);
	return touch(s, path);
}

void keep_link_only(struct store *s, const struct reponame *name, const struct digest *d)
{
	layout_path path;

	layout_layer(path, name, d);
	(void)touch(s, path);
}

void keep_file(int fd)
{
	(void)futimens(fd, NULL); /* its writer owns it */
}

int keep_now(struct store *s, int64_t *ms, struct err *e)
{
	char name[LAYOUT_PATH_MAX];
	struct stat st;
	int fd = fs_temp(s->dirfd, LAYOUT_TMP, name, sizeof(name), e);
	int rc;

	if (fd < 0)
		return -1;
	rc = fstat(fd, &st);
	if (rc != 0)
		err_errno(e, "cannot stat %s", name);
	else
		*ms = time_of(&st);
	close(fd);
	fs_unlink(s->dirfd, name, NULL);
	return rc;
}

bool keep_is_old(struct store *s, const struct digest *d, int64_t since_ms,
		 uint64_t *bytes)
{
	layout_path path;
	struct stat st;

	*bytes = 0;
	layout_blob(path, d);
	if (fstatat(s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	*bytes = (uint64_t)st.st_size;
	return time_of(&st) < since_ms;
}

int keep_take_out(struct store *s, const struct digest *d, int64_t since_ms,
		  const char *to, uint64_t *bytes, struct err *e)
{
	layout_path path;

	if (!keep_is_old(s, d, since_ms, bytes))
		return 0;
	layout_blob(path, d);
	if (fault("store.sweep") || renameat(s->dirfd, path, s->dirfd, to) != 0)
		return err_errno(e, "cannot remove %s", path);
	return 1;
}
