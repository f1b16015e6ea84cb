/*
 * blob.c - opening, finding and storing finished blobs.
 */
#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/keep.h"
#include "store/layout.h"
#include "store/room.h"

static bool plausible(const struct digest *d, const struct stat *st)
{
	struct digest nothing;

	if (!S_ISREG(st->st_mode))
		return false;
	if (st->st_size > 0)
		return true;
	digest_of(d->alg, "", 0, &nothing);
	return digest_equal(d, &nothing);
}

int blob_open(struct store *s, const struct digest *d, uint64_t *size, struct err *e)
{
	layout_path path;
	struct stat st;
	int fd;

	layout_blob(path, d);
	fd = openat(s->dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	if (fstat(fd, &st) != 0) {
		err_errno(e, "cannot stat %s", path);
	} else if (!plausible(d, &st)) {
		err_set(e, ERR_NOT_FOUND, "%s is empty or not a file", path);
	} else {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

bool blob_exists(struct store *s, const struct digest *d, uint64_t *size)
{
	layout_path path;
	struct stat st;

	layout_blob(path, d);
	if (fstatat(s->dirfd, path, &st, 0) != 0 || !plausible(d, &st))
		return false;
	if (size != NULL)
		*size = (uint64_t)st.st_size;
	return true;
}

/* A name that has just been given may not be on disk yet: that is waited for. */
static bool has_already(struct store *s, const char *path, const void *p, size_t n)
{
	CLEANUP(buf_done)
	struct buf have = BUF_INIT(n);

	return fs_read(s->dirfd, path, &have, NULL) == 0 && have.n == n &&
	       memcmp(buf_str(&have), p, n) == 0 &&
	       fs_mkparents(s->dirfd, path, true, NULL) == 0 &&
	       fs_sync_parent(s->dirfd, path, NULL) == 0;
}

/* What has the name, if anything has. */
static uint64_t bytes_at(struct store *s, const char *path)
{
	struct stat st;

	if (fstatat(s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_size;
}

int blob_put(struct store *s, const struct digest *d, const void *p, size_t n,
	     struct err *e)
{
	layout_path path;
	uint64_t was;
	int rc;

	layout_blob(path, d);
	if (keep_blob(s, d) && has_already(s, path, p, n))
		return 0;
	room_blob_begin(s, d);
	was = bytes_at(s, path);
	rc = room_take(s, n, e);
	if (rc == 0) {
		rc = fs_write(s->dirfd, LAYOUT_TMP, path, p, n, true, e);
		/* Its name may be there though the disk did not say so. */
		room_sub(s, rc == 0 ? was : was + n - bytes_at(s, path));
	}
	room_blob_end(s, d, (int64_t)bytes_at(s, path) - (int64_t)was);
	return rc;
}

void blob_remove(struct store *s, const struct digest *d)
{
	layout_path path;
	uint64_t was;

	layout_blob(path, d);
	room_blob_begin(s, d);
	was = bytes_at(s, path);
	if (fs_unlink(s->dirfd, path, NULL) != 0)
		was = 0;
	room_sub(s, was);
	room_blob_end(s, d, -(int64_t)was);
}
