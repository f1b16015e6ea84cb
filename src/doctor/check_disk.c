/*
 * check_disk.c - the store's disk: room, whose it is, and whether writing works.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define TRY_BYTES 65536

static void show_owner(uid_t uid, char out[64])
{
	char space[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found != NULL)
		snprintf(out, 64, "%s", pw.pw_name);
	else
		snprintf(out, 64, "uid %u", (unsigned)uid);
}

static void show_bytes(uint64_t n, char out[32])
{
	if (n >= 10ull << 30)
		snprintf(out, 32, "%llu GiB", (unsigned long long)(n >> 30));
	else
		snprintf(out, 32, "%llu MiB", (unsigned long long)(n >> 20));
}

/* Everything in a store belongs to whoever larder runs as. A folder that another user has
 * made (one start as root is enough) is what larder then cannot write to. */
static bool check_owner(struct group *g)
{
	static const char *const below[] = { "",
					     "/larder",
					     "/larder/tmp",
					     "/docker",
					     "/docker/registry/v2/blobs",
					     "/docker/registry/v2/repositories" };
	const char *root = g->d->conf.root;
	struct stat top, st;
	char whose[64];

	if (stat(root, &top) != 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		CLEANUP(mem_freep)
		char *path = mem_fmt("%s%s", root, below[i]);

		if (stat(path, &st) != 0)
			continue;
		show_owner(st.st_uid, whose);
		if (geteuid() != 0 && access(path, W_OK) != 0) {
			finding_say(g, "disk", FINDING_FAIL,
				    "%.300s belongs to %s and cannot be written to by "
				    "this user",
				    path, whose);
			finding_remedy(g,
				       "run doctor, and larder, as %s; or sudo chown "
				       "-R %u:%u %.200s",
				       whose, (unsigned)geteuid(), (unsigned)getegid(),
				       root);
			return false;
		}
		if (st.st_uid != top.st_uid && st.st_uid != geteuid()) {
			finding_say(g, "disk", FINDING_FAIL,
				    "%.300s belongs to %s, unlike the store it is in",
				    path, whose);
			finding_remedy(g, "sudo chown -R %u:%u %.200s",
				       (unsigned)top.st_uid, (unsigned)top.st_gid, root);
			return false;
		}
	}
	return true;
}

/* A file of some size, on the disk, and gone again. */
static int try_writing(const char *root, struct err *e)
{
	static const char zeros[TRY_BYTES];
	CLEANUP(mem_closep)
	int fd = -1;
	char name[4096];
	int rc;

	fd = fs_temp(AT_FDCWD, root, name, sizeof(name), e);
	if (fd < 0)
		return err_add(e, "%.200s", root);
	rc = fs_pwrite_all(fd, zeros, sizeof(zeros), 0, e);
	if (rc == 0)
		rc = fs_sync(fd, e);
	fs_unlink(AT_FDCWD, name, NULL);
	return rc == 0 ? 0 : err_add(e, "%.200s", root);
}

static void say_not_written(struct group *g, const struct err *e, const char *left)
{
	finding_say(g, "disk", FINDING_FAIL, "writing does not work (%s free): %.300s",
		    left, e->msg);
	if (e->kind == ERR_NO_SPACE)
		finding_remedy(g,
			       "the disk is full, so larder passes images on and keeps "
			       "none: make room on it, or put the store on a larger one "
			       "(--root DIR)");
	else if (e->kind == ERR_DENIED)
		finding_remedy(g,
			       "run doctor, and larder, as the user whose store it is, "
			       "or mount it for writing");
	else
		finding_remedy(g, "the disk may be failing: see dmesg");
}

static void check_room(struct group *g)
{
	const char *root = g->d->conf.root;
	struct statvfs vfs;
	uint64_t free_bytes, size;
	unsigned percent;
	char left[32], all[32];
	struct err e;

	if (statvfs(root, &vfs) != 0) {
		finding_say(g, "disk", FINDING_FAIL, "%.200s: %s", root, strerror(errno));
		return;
	}
	free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	size = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	percent = size > 0 ? (unsigned)(free_bytes * 100 / size) : 100;
	show_bytes(free_bytes, left);
	show_bytes(size, all);
	if (try_writing(root, &e) != 0) {
		say_not_written(g, &e, left);
		return;
	}
	finding_say(g, "disk",
		    percent < 1	   ? FINDING_FAIL
		    : percent < 10 ? FINDING_WARN
				   : FINDING_OK,
		    "%s of %s are free (%u %%) for %.200s", left, all, percent, root);
	if (percent < 10)
		finding_remedy(g,
			       "make room, or put the store on a larger disk (--root "
			       "DIR); when it is full, larder passes images on and keeps "
			       "none");
}

void check_disk(struct group *g)
{
	if (access(g->d->conf.root, F_OK) != 0 && errno == ENOENT)
		finding_say(g, "disk", FINDING_SKIPPED,
			    "%.200s is not there yet; larder makes it when it starts",
			    g->d->conf.root);
	else if (check_owner(g))
		check_room(g);
}
