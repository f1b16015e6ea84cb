/*
 * fs.c - reading, writing and naming files so that a crash leaves the old state or the
 * new.
 *
 * The order is always: temporary file in the same filesystem, content, fsync, link or
 * rename, fsync of the directory.
 */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/lasting.h"
#include "base/mem.h"

#define PATH_LIMIT 4096
#define PLACE_TRIES 5

int fs_read(int dirfd, const char *path, struct buf *out, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	size_t guess;

	buf_clear(out);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot stat %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_IO, "%s is a directory, not a file", path);
	guess = st.st_size > 0 ? (size_t)st.st_size : 512;
	for (;;) {
		size_t left = out->limit - out->n, want = guess < left ? guess : left;
		ssize_t got;
		char over;

		if (want == 0) { /* full: is there more? */
			got = read(fd, &over, 1);
			if (got == 0)
				return 0;
			return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", path,
				       out->limit);
		}
		got = read(fd, buf_room(out, want), want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "cannot read %s", path);
		if (got == 0)
			return 0;
		buf_grew(out, (size_t)got);
		if (st.st_size > 0 && (off_t)out->n == st.st_size && out->n < out->limit)
			guess = 1; /* normally one more read, which says end of file */
		else
			guess = 4096;
	}
}

int fs_open(int dirfd, const char *path, struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 ? fd : err_errno(e, "cannot open %s", path);
}

int fs_open_file(int dirfd, const char *path, uint64_t *size, struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	if (fstat(fd, &st) != 0) {
		err_errno(e, "cannot stat %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_INVALID, "%s is no file", path);
	} else {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

int fs_open_dir(int dirfd, const char *path, struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : err_errno(e, "cannot open directory %s", path);
}

int fs_sync(int fd, struct err *e)
{
	if (fault("fs.fsync") || fsync(fd) != 0)
		return err_errno(e, "cannot write to disk (fsync)");
	return 0;
}

/* dir = path without its last component; "." when there is none. */
static int parent_of(const char *path, char dir[PATH_LIMIT], struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= PATH_LIMIT)
		return err_set(e, ERR_LIMIT, "path is longer than %d bytes", PATH_LIMIT);
	if (slash == path && slash != NULL)
		n = 1;
	memcpy(dir, n ? path : ".", n ? n : 1);
	dir[n ? n : 1] = '\0';
	return 0;
}

int fs_sync_parent(int dirfd, const char *path, struct err *e)
{
	char dir[PATH_LIMIT];
	CLEANUP(mem_closep)
	int fd = -1;

	if (parent_of(path, dir, e) != 0)
		return -1;
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "cannot open directory %s", dir);
	return fs_sync(fd, e);
}

/* Another may be removing the directory, empty now, as well. */
int fs_sync_nearest(int dirfd, const char *path, struct err *e)
{
	char at[PATH_LIMIT];
	struct err why;

	if (strlen(path) >= sizeof(at))
		return err_set(e, ERR_LIMIT, "path is longer than %d bytes", PATH_LIMIT);
	memcpy(at, path, strlen(path) + 1);
	while (fs_sync_parent(dirfd, at, &why) != 0) {
		char *slash = strrchr(at, '/');

		if (why.errnum != ENOENT || slash == NULL || slash == at) {
			if (e != NULL)
				*e = why;
			return -1;
		}
		*slash = '\0';
	}
	return 0;
}

int fs_mkdirs(int dirfd, const char *path, bool durable, struct err *e)
{
	char part[PATH_LIMIT];
	size_t i, n = strlen(path);
	struct stat st;

	if (n == 0)
		return 0;
	if (fstatat(dirfd, path, &st, 0) == 0)
		return durable ? lasting_dir(dirfd, path, e) : 0;
	if (n >= sizeof(part))
		return err_set(e, ERR_LIMIT, "path is longer than %d bytes", PATH_LIMIT);
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (fstatat(dirfd, part, &st, 0) == 0)
			continue;
		if (fault("fs.mkdir"))
			return err_errno(e, "cannot create directory %s", part);
		if (mkdirat(dirfd, part, 0755) != 0 && errno != EEXIST)
			return err_errno(e, "cannot create directory %s", part);
	}
	return durable ? lasting_dir(dirfd, path, e) : 0;
}

int fs_mkparents(int dirfd, const char *path, bool durable, struct err *e)
{
	char dir[PATH_LIMIT];

	if (parent_of(path, dir, e) != 0)
		return -1;
	return fs_mkdirs(dirfd, dir, durable, e);
}

static int temp_name(const char *tmpdir, char *name, size_t namelen, struct err *e)
{
	static atomic_uint serial;
	unsigned long long random = 0;
	int n;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (unsigned long long)getpid(); /* the serial keeps it ours */
	n = snprintf(name, namelen, "%s/%016llx-%u", tmpdir, random,
		     atomic_fetch_add(&serial, 1));
	if (n < 0 || (size_t)n >= namelen)
		return err_set(e, ERR_LIMIT, "path of temporary file is too long");
	return 0;
}

int fs_temp(int dirfd, const char *tmpdir, char *name, size_t namelen, struct err *e)
{
	int fd, tries;

	for (tries = 0; tries < 100; tries++) {
		if (temp_name(tmpdir, name, namelen, e) != 0)
			return -1;
		if (fault("fs.create"))
			return err_errno(e, "cannot create a temporary file in %s",
					 tmpdir);
		fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	return err_errno(e, "cannot create a temporary file in %s", tmpdir);
}

static int give_name(int dirfd, const char *from, const char *to, enum fs_place how,
		     struct err *e)
{
	if (how == FS_REPLACE) {
		if (fault("fs.rename") || renameat(dirfd, from, dirfd, to) != 0)
			return err_errno(e, "cannot rename %s to %s", from, to);
		return 0;
	}
	if (fault("fs.link") ||
	    (linkat(dirfd, from, dirfd, to, 0) != 0 && errno != EEXIST))
		return err_errno(e, "cannot link %s to %s", from, to);
	return fs_unlink(dirfd, from, e);
}

int fs_place(int dirfd, const char *from, const char *to, enum fs_place how, bool durable,
	     struct err *e)
{
	struct err why;
	int tries = 0, rc;

	/* Another may be removing the empty directories that it needs. */
	do {
		rc = fs_mkparents(dirfd, to, durable, &why);
		if (rc == 0)
			rc = give_name(dirfd, from, to, how, &why);
	} while (rc != 0 && why.errnum == ENOENT && ++tries < PLACE_TRIES);
	if (rc != 0) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	/* Another may have taken it away again by now, with its directory. */
	return durable ? fs_sync_nearest(dirfd, to, e) : 0;
}

int fs_pread(int fd, void *p, size_t n, uint64_t off, size_t *got, struct err *e)
{
	ssize_t have;

	do
		have = pread(fd, p, n, (off_t)off);
	while (have < 0 && errno == EINTR);
	if (have < 0)
		return err_errno(e, "cannot read");
	*got = (size_t)have;
	return 0;
}

int fs_pwrite_all(int fd, const void *p, size_t n, uint64_t off, struct err *e)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put;

		if (fault("fs.write"))
			return err_errno(e, "cannot write");
		put = pwrite(fd, at, n, (off_t)off);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(e, "cannot write");
		at += put;
		n -= (size_t)put;
		off += (uint64_t)put;
	}
	return 0;
}

int fs_write(int dirfd, const char *tmpdir, const char *path, const void *p, size_t n,
	     bool durable, struct err *e)
{
	char temp[PATH_LIMIT];
	CLEANUP(mem_closep)
	int fd = fs_temp(dirfd, tmpdir, temp, sizeof(temp), e);

	if (fd < 0)
		return err_add(e, "%s", path);
	if (fs_pwrite_all(fd, p, n, 0, e) != 0 || (durable && fs_sync(fd, e) != 0) ||
	    fs_place(dirfd, temp, path, FS_REPLACE, durable, e) != 0) {
		fs_unlink(dirfd, temp, NULL);
		return err_add(e, "%s", path);
	}
	return 0;
}

/* Before there is anything in it, since it may be for few eyes. */
static int look_like(int fd, int dirfd, const char *like, struct err *e)
{
	struct stat st, own;

	if (like == NULL || fstatat(dirfd, like, &st, 0) != 0)
		return like == NULL || errno == ENOENT
			       ? 0
			       : err_errno(e, "cannot stat %s", like);
	if (fstat(fd, &own) != 0)
		return err_errno(e, "cannot stat a temporary file");
	if ((own.st_uid != st.st_uid || own.st_gid != st.st_gid) &&
	    fchown(fd, st.st_uid, st.st_gid) != 0)
		return err_errno(e, "cannot give a new file the owner of %s", like);
	if (fchmod(fd, st.st_mode & 07777) != 0)
		return err_errno(e, "cannot give a new file the mode of %s", like);
	return 0;
}

int fs_put(int dirfd, const char *path, const char *like, const void *p, size_t n,
	   enum fs_place how, struct err *e)
{
	char dir[PATH_LIMIT], temp[PATH_LIMIT];
	CLEANUP(mem_closep)
	int fd = -1;

	if (parent_of(path, dir, e) != 0 || fs_mkdirs(dirfd, dir, true, e) != 0)
		return -1;
	fd = fs_temp(dirfd, dir, temp, sizeof(temp), e);
	if (fd < 0)
		return err_add(e, "%s", path);
	if (look_like(fd, dirfd, like, e) != 0 || fs_pwrite_all(fd, p, n, 0, e) != 0 ||
	    fs_sync(fd, e) != 0 || fs_place(dirfd, temp, path, how, true, e) != 0) {
		fs_unlink(dirfd, temp, NULL);
		return err_add(e, "%s", path);
	}
	return 0;
}

int fs_create(int dirfd, const char *path, const void *p, size_t n, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? err_set(e, ERR_BUSY, "%s is there", path)
				       : err_errno(e, "cannot create %s", path);
	if (fs_pwrite_all(fd, p, n, 0, e) != 0 || fs_sync(fd, e) != 0)
		return err_add(e, "%s", path);
	return 0;
}

int fs_unlink(int dirfd, const char *path, struct err *e)
{
	if (fault("fs.unlink"))
		return err_errno(e, "cannot remove %s", path);
	if (unlinkat(dirfd, path, 0) != 0 && errno != ENOENT)
		return err_errno(e, "cannot remove %s", path);
	return 0;
}

int fs_remove(int dirfd, const char *path, struct err *e)
{
	return fs_unlink(dirfd, path, e) == 0 ? fs_sync_nearest(dirfd, path, e) : -1;
}

void fs_prune(int dirfd, const char *path, const char *stop)
{
	char at[PATH_LIMIT];
	char *slash;

	if (strlen(path) >= sizeof(at))
		return;
	memcpy(at, path, strlen(path) + 1);
	while (strcmp(at, stop) != 0 && unlinkat(dirfd, at, AT_REMOVEDIR) == 0) {
		slash = strrchr(at, '/');
		if (slash == NULL)
			return;
		*slash = '\0';
	}
}

int fs_each(int dirfd, const char *path,
	    int (*fn)(void *arg, int dirfd, const char *name, struct err *e), void *arg,
	    struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *de;
	DIR *dir;

	if (fd < 0)
		return err_errno(e, "cannot open directory %s", path);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return err_errno(e, "cannot read directory %s", path);
	}
	while (rc == 0) {
		errno = fault("fs.readdir");
		de = errno != 0 ? NULL : readdir(dir);
		if (de == NULL && errno != 0)
			rc = err_errno(e, "cannot read directory %s", path);
		if (de == NULL)
			break;
		if (de->d_name[0] != '.')
			rc = fn(arg, fd, de->d_name, e);
	}
	closedir(dir);
	return rc;
}

/* What is below a removed directory is nobody's any more: errors leave it lying. */
void fs_remove_tree(int dirfd, const char *path)
{
	struct dirent *de;
	DIR *dir;
	int fd;

	if (unlinkat(dirfd, path, 0) == 0)
		return;
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((de = readdir(dir)) != NULL)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			fs_remove_tree(fd, de->d_name);
	closedir(dir);
	unlinkat(dirfd, path, AT_REMOVEDIR);
}

int fs_take_away(int dirfd, const char *path, const char *tmpdir, char *away,
		 size_t awaylen, struct err *e)
{
	if (temp_name(tmpdir, away, awaylen, e) != 0)
		return -1;
	if (fault("fs.rename") || renameat(dirfd, path, dirfd, away) != 0)
		return err_errno(e, "cannot remove %s", path);
	return 0;
}

int fs_remove_dir(int dirfd, const char *path, const char *tmpdir, struct err *e)
{
	char away[PATH_LIMIT];

	if (fs_take_away(dirfd, path, tmpdir, away, sizeof(away), e) != 0 ||
	    fs_sync_nearest(dirfd, path, e) != 0)
		return -1;
	fs_remove_tree(dirfd, away);
	return 0;
}
