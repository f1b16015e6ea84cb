/*
 * facts.c - statvfs and two folders. No state.
 */
#include "store/facts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fs.h"
#include "store/layout.h"

struct sum {
	uint64_t files, bytes;
};

static int add(void *arg, int dirfd, const char *name, struct err *e)
{
	struct sum *sum = arg;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
		sum->files++;
		sum->bytes += (uint64_t)st.st_size;
	}
	return 0;
}

/* A store of registry:2 has no such folder. */
static int sum_of(struct store *s, const char *path, struct sum *sum, struct err *e)
{
	struct err why;

	if (fs_each(s->dirfd, path, add, sum, &why) == 0 || why.kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

int facts_read(struct store *s, struct facts *out, struct err *e)
{
	struct sum partials = { 0 }, uploads = { 0 };
	struct statvfs vfs;

	if (fstatvfs(s->dirfd, &vfs) != 0)
		return err_errno(e, "cannot look at the disk of %s", s->root);
	if (sum_of(s, LAYOUT_PARTIALS, &partials, e) != 0 ||
	    sum_of(s, LAYOUT_UPLOADS, &uploads, e) != 0)
		return -1;
	*out = (struct facts){
		.disk_free = (uint64_t)vfs.f_bavail * vfs.f_frsize,
		.disk_size = (uint64_t)vfs.f_blocks * vfs.f_frsize,
		.partials = partials.files,
		.partial_bytes = partials.bytes,
		.uploads = uploads.files,
		.upload_bytes = uploads.bytes,
	};
	return 0;
}
