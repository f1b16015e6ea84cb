/*
 * lockpath.c - reading and writing lock files. No state.
 */
#include "app/lockpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/named.h"

#define WARNED_MOST 20

int lockpath_read(const char *path, struct lockfile *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LOCKFILE_MAX_BYTES);
	struct err why;

	if (fs_read(AT_FDCWD, path, &text, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return err_set(
				e, ERR_NOT_FOUND,
				"there is no lock file %.200s; larder lock IMAGE... "
				"writes one",
				path);
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (lockfile_parse(buf_view(&text), out, e) != 0)
		return err_add(e, "%.200s", path);
	return 0;
}

void lockpath_look(const char *path, struct stat *out)
{
	if (stat(path, out) != 0)
		*out = (struct stat){ 0 };
}

static bool is_as_seen(const char *path, const struct stat *seen)
{
	struct stat now;

	lockpath_look(path, &now);
	return now.st_ino == seen->st_ino && now.st_dev == seen->st_dev &&
	       now.st_size == seen->st_size &&
	       now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
}

/* One writer at a time in a folder, as far as its file system has such locks; -1: the
 * folder is not there yet. */
static int lock_folder(const char *path)
{
	const char *end = strrchr(path, '/');
	CLEANUP(mem_freep)
	char *dir = end == NULL ? mem_dup(".")
				: mem_fmt("%.*s/", (int)(end - path), path);
	int fd = fs_open(AT_FDCWD, dir, NULL);

	while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	return fd;
}

int lockpath_write(const char *path, const struct lockfile *l, const struct stat *seen,
		   struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LOCKFILE_MAX_BYTES);
	CLEANUP(mem_freep)
	char *real = realpath(path, NULL); /* where a link leads: it stays one */
	CLEANUP(mem_closep)
	int fd = -1;

	if (lockfile_write(l, &text, e) != 0)
		return err_add(e, "%.200s", path);
	fd = lock_folder(path);
	if (!is_as_seen(path, seen))
		return err_set(e, ERR_BUSY,
			       "%.200s has been changed since it was read, and stays as "
			       "it is now; run this again",
			       path);
	if (real != NULL)
		path = real;
	return fs_put(AT_FDCWD, path, path, text.p, text.n, FS_REPLACE, e);
}

void lockpath_say(struct plan *p, const char *path)
{
	char text[IMAGEREF_TEXT_MAX];
	size_t i, n = 0;

	if (!p->has_lock)
		return;
	log_event(LOG_INFO, "lock.loaded", LS("file", path), LU("tags", p->lock.n));
	for (i = 0; i < p->lock.n; i++) {
		struct imageref image = p->lock.entry[i]->image;
		struct route r;
		struct err why;

		if (named_route(p, &image, &r, &why) == 0) {
			if (r.site == NULL)
				err_set(&why, ERR_INVALID,
					"the repository %s lives here (larder.local)",
					r.name.s);
			route_done(&r);
			if (r.site != NULL)
				continue;
		}
		if (++n > WARNED_MOST)
			continue;
		image.has_digest = false;
		imageref_text(&image, text);
		log_event(LOG_WARN, "lock.no_use", LS("image", text),
			  LU("line", p->lock.entry[i]->line), LS("why", why.msg));
	}
	if (n > WARNED_MOST)
		log_event(LOG_WARN, "lock.no_use", LU("more", n - WARNED_MOST));
}
