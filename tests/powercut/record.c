/*
 * record.c - a library to preload: what processes do to files below a root, written down
 * in the order in which it happened, with all data. tests/powercut/disk.py reads it.
 *
 * LARDER_TEST_RECORD names the log, LARDER_TEST_RECORD_ROOT the root (no symbolic link on
 * the way). An operation and its note are one step, for all threads (mu) and all
 * processes (flock on the log). Nothing is remembered of a descriptor: its file is looked
 * at when it is used. What goes through mmap is not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, MKDIR, WRITE, SIZE, RENAME, LINK, UNLINK, RMDIR, SYNC };

/* As disk.py reads it: then `path` and `to`, without NUL, then `n` bytes of a WRITE. */
struct note {
	uint32_t kind, path_n, to_n, zero;
	uint64_t ino, off, n;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_n;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *log = getenv("LARDER_TEST_RECORD");

	root = getenv("LARDER_TEST_RECORD_ROOT");
	if (log == NULL || root == NULL)
		return;
	root_n = strlen(root);
	log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
			      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0)
		abort();
}

static void lock(void)
{
	pthread_mutex_lock(&mu);
	while (flock(log_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			abort();
}

static void unlock(void)
{
	int saved = errno;

	flock(log_fd, LOCK_UN);
	pthread_mutex_unlock(&mu);
	errno = saved;
}

static void put(const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		long done = syscall(SYS_write, log_fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			abort();
		at += done;
		n -= (size_t)done;
	}
}

static void note(enum kind kind, const char *path, const char *to, uint64_t ino,
		 uint64_t off, const void *p, size_t n)
{
	struct note made = {
		.kind = kind, .ino = ino, .off = off, .n = p != NULL ? n : 0
	};
	int saved = errno;

	made.path_n = path != NULL ? (uint32_t)strlen(path) : 0;
	made.to_n = to != NULL ? (uint32_t)strlen(to) : 0;
	put(&made, sizeof(made));
	put(path, made.path_n);
	put(to, made.to_n);
	put(p, (size_t)made.n);
	errno = saved;
}

/* What is below the root, as a path from there; NULL: it is not. */
static const char *inside(const char *path)
{
	if (log_fd < 0 || strncmp(path, root, root_n) != 0)
		return NULL;
	if (path[root_n] == '\0')
		return path + root_n;
	return path[root_n] == '/' ? path + root_n + 1 : NULL;
}

static bool path_of_fd(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

static const char *inside_at(int dirfd, const char *path, char out[PATH_MAX])
{
	size_t n;

	if (log_fd < 0)
		return NULL;
	if (path[0] == '/') {
		snprintf(out, PATH_MAX, "%s", path);
		return inside(out);
	}
	if (dirfd == AT_FDCWD ? getcwd(out, PATH_MAX) == NULL : !path_of_fd(dirfd, out))
		return NULL;
	n = strlen(out);
	snprintf(out + n, PATH_MAX - n, "/%s", path);
	return inside(out);
}

/* A file or directory below the root; its inode. */
static bool ours(int fd, uint64_t *ino)
{
	char path[PATH_MAX];
	struct stat st;
	int saved = errno;
	bool is;

	is = log_fd >= 0 && fstat(fd, &st) == 0 &&
	     (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && path_of_fd(fd, path) &&
	     inside(path) != NULL;
	if (is)
		*ino = st.st_ino;
	errno = saved;
	return is;
}

/* --- opening --- */

static int open_it(int dirfd, const char *path, int flags, mode_t mode)
{
	char full[PATH_MAX];
	struct stat st;
	bool there;
	int fd;

	if (log_fd < 0 || (flags & (O_CREAT | O_TRUNC)) == 0 ||
	    inside_at(dirfd, path, full) == NULL)
		return (int)syscall(SYS_openat, dirfd, path, flags, mode);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		abort(); /* disk.py knows no file without a name */
	lock();
	there = fstatat(dirfd, path, &st, 0) == 0;
	fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
	if (fd >= 0 && fstat(fd, &st) == 0 && path_of_fd(fd, full)) {
		if (!there)
			note(CREATE, inside(full), NULL, st.st_ino, 0, NULL, 0);
		else if ((flags & O_TRUNC) != 0)
			note(SIZE, NULL, NULL, st.st_ino, 0, NULL, 0);
	}
	unlock();
	return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                       \
	int name(const char *path, int flags, ...)                                       \
	{                                                                                \
		va_list ap;                                                              \
		mode_t mode;                                                             \
		va_start(ap, flags);                                                     \
		mode = mode_of(flags, ap);                                               \
		va_end(ap);                                                              \
		return open_it(AT_FDCWD, path, flags, mode);                             \
	}
#define OPENAT(name)                                                                     \
	int name(int dirfd, const char *path, int flags, ...)                            \
	{                                                                                \
		va_list ap;                                                              \
		mode_t mode;                                                             \
		va_start(ap, flags);                                                     \
		mode = mode_of(flags, ap);                                               \
		va_end(ap);                                                              \
		return open_it(dirfd, path, flags, mode);                                \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* --- content --- */

static void wrote(int fd, uint64_t ino, ssize_t done, off_t at, const void *p)
{
	if (done <= 0)
		return;
	if (at < 0) {
		int saved = errno;

		at = lseek(fd, 0, SEEK_CUR) - done;
		errno = saved;
	}
	note(WRITE, NULL, NULL, ino, (uint64_t)at, p, (size_t)done);
}

ssize_t write(int fd, const void *p, size_t n)
{
	uint64_t ino;
	ssize_t done;

	if (!ours(fd, &ino))
		return syscall(SYS_write, fd, p, n);
	lock();
	done = syscall(SYS_write, fd, p, n);
	wrote(fd, ino, done, -1, p);
	unlock();
	return done;
}

static ssize_t write_at(int fd, const void *p, size_t n, off_t at)
{
	uint64_t ino;
	ssize_t done;

	if (!ours(fd, &ino))
		return syscall(SYS_pwrite64, fd, p, n, at);
	lock();
	done = syscall(SYS_pwrite64, fd, p, n, at);
	wrote(fd, ino, done, at, p);
	unlock();
	return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return write_at(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return write_at(fd, p, n, at);
}

/* One piece after the other: whoever calls goes on where it came to. */
ssize_t writev(int fd, const struct iovec *iov, int count)
{
	uint64_t ino;
	ssize_t sum = 0;
	int i;

	if (!ours(fd, &ino))
		return syscall(SYS_writev, fd, iov, count);
	for (i = 0; i < count; i++) {
		ssize_t done = write(fd, iov[i].iov_base, iov[i].iov_len);

		if (done < 0)
			return sum > 0 ? sum : -1;
		sum += done;
		if ((size_t)done < iov[i].iov_len)
			break;
	}
	return sum;
}

/* Whoever copies in the kernel can also read and write. */
ssize_t copy_file_range(int in, off_t *in_off, int out, off_t *out_off, size_t n,
			unsigned flags)
{
	uint64_t ino;

	if (!ours(out, &ino))
		return syscall(SYS_copy_file_range, in, in_off, out, out_off, n, flags);
	errno = EXDEV;
	return -1;
}

static int size_it(int fd, off_t size)
{
	uint64_t ino;
	int rc;

	if (!ours(fd, &ino))
		return (int)syscall(SYS_ftruncate, fd, size);
	lock();
	rc = (int)syscall(SYS_ftruncate, fd, size);
	if (rc == 0)
		note(SIZE, NULL, NULL, ino, (uint64_t)size, NULL, 0);
	unlock();
	return rc;
}

int ftruncate(int fd, off_t size)
{
	return size_it(fd, size);
}

int ftruncate64(int fd, off_t size)
{
	return size_it(fd, size);
}

static int room_for(int fd, int mode, off_t off, off_t n)
{
	struct stat st;
	uint64_t ino;
	int rc;

	if (!ours(fd, &ino))
		return (int)syscall(SYS_fallocate, fd, mode, off, n);
	lock();
	rc = (int)syscall(SYS_fallocate, fd, mode, off, n);
	if (rc == 0 && mode == 0 && fstat(fd, &st) == 0)
		note(SIZE, NULL, NULL, ino, (uint64_t)st.st_size, NULL, 0);
	else if (rc == 0 &&
		 mode != 1) /* FALLOC_FL_KEEP_SIZE alone changes nothing to see */
		abort();
	unlock();
	return rc;
}

int fallocate(int fd, int mode, off_t off, off_t n)
{
	return room_for(fd, mode, off, n);
}

int fallocate64(int fd, int mode, off_t off, off_t n)
{
	return room_for(fd, mode, off, n);
}

/* --- names --- */

static int rename_it(int from_fd, const char *from, int to_fd, const char *to,
		     unsigned flags)
{
	char full_from[PATH_MAX], full_to[PATH_MAX];
	const char *a = inside_at(from_fd, from, full_from);
	const char *b = inside_at(to_fd, to, full_to);
	int rc;

	if (a == NULL && b == NULL)
		return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	if (a == NULL || b == NULL || (flags & ~1u) != 0)
		abort(); /* over the border, or an exchange */
	lock();
	rc = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	if (rc == 0)
		note(RENAME, a, b, 0, 0, NULL, 0);
	unlock();
	return rc;
}

int rename(const char *from, const char *to)
{
	return rename_it(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return rename_it(from_fd, from, to_fd, to, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return rename_it(from_fd, from, to_fd, to, flags);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	char full_from[PATH_MAX], full_to[PATH_MAX];
	const char *a = inside_at(from_fd, from, full_from);
	const char *b = inside_at(to_fd, to, full_to);
	int rc;

	if (a == NULL && b == NULL)
		return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	if (a == NULL || b == NULL || flags != 0)
		abort();
	lock();
	rc = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	if (rc == 0)
		note(LINK, a, b, 0, 0, NULL, 0);
	unlock();
	return rc;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	char full[PATH_MAX];
	const char *at = inside_at(dirfd, path, full);
	int rc;

	if (at == NULL)
		return (int)syscall(SYS_unlinkat, dirfd, path, flags);
	lock();
	rc = (int)syscall(SYS_unlinkat, dirfd, path, flags);
	if (rc == 0)
		note((flags & AT_REMOVEDIR) != 0 ? RMDIR : UNLINK, at, NULL, 0, 0, NULL,
		     0);
	unlock();
	return rc;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	char full[PATH_MAX];
	const char *at = inside_at(dirfd, path, full);
	struct stat st;
	int rc;

	if (at == NULL)
		return (int)syscall(SYS_mkdirat, dirfd, path, mode);
	lock();
	rc = (int)syscall(SYS_mkdirat, dirfd, path, mode);
	if (rc == 0 && fstatat(dirfd, path, &st, 0) == 0)
		note(MKDIR, at, NULL, st.st_ino, 0, NULL, 0);
	unlock();
	return rc;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* --- syncing --- */

static int sync_it(int fd, long number)
{
	uint64_t ino;
	int rc;

	if (!ours(fd, &ino))
		return (int)syscall(number, fd);
	lock();
	rc = (int)syscall(number, fd);
	if (rc == 0)
		note(SYNC, NULL, NULL, ino, 0, NULL, 0);
	unlock();
	return rc;
}

int fsync(int fd)
{
	return sync_it(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_it(fd, SYS_fdatasync);
}
