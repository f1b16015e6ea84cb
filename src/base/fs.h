/*
 * fs.h - files, the careful way.  The only place with store/ that may create, link,
 * rename or unlink.
 *
 * Paths are relative to a directory descriptor (AT_FDCWD for the working directory).
 * New files are 0644 and directories 0755 less umask.  Any thread.
 */
#ifndef LARDER_BASE_FS_H
#define LARDER_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Whole file into out (cleared first); ERR_LIMIT when it is larger than out's limit. */
int fs_read(int dirfd, const char *path, struct buf *out, struct err *e);

/* For reading: whatever it is; an ordinary file alone, and its size (a pipe in its place
 * is not waited for, but ERR_INVALID, as a directory is); a directory. A descriptor that
 * the caller closes. */
int fs_open(int dirfd, const char *path, struct err *e);
int fs_open_file(int dirfd, const char *path, uint64_t *size, struct err *e);
int fs_open_dir(int dirfd, const char *path, struct err *e);

/* Every missing directory of path. With durable all of them are on disk on return, also
 * those that others have made (base/lasting.h). */
int fs_mkdirs(int dirfd, const char *path, bool durable, struct err *e);
/* The same for the directories above the last component of path. */
int fs_mkparents(int dirfd, const char *path, bool durable, struct err *e);

/* fsync of a descriptor, of a directory, and of the directory that holds path. */
int fs_sync(int fd, struct err *e);
int fs_sync_parent(int dirfd, const char *path, struct err *e);
/* The same after a removal: where that directory is no more, of the nearest above it. */
int fs_sync_nearest(int dirfd, const char *path, struct err *e);

/* A new empty file with a name nobody else has, in tmpdir (which exists), open for
 * reading and writing; its path is put in name (of namelen bytes). */
int fs_temp(int dirfd, const char *tmpdir, char *name, size_t namelen, struct err *e);

enum fs_place {
	FS_REPLACE,   /* rename over what is there */
	FS_NOREPLACE, /* link; what is there stays, and that is success */
};

/* Give the finished file at `from` its final name: parents are made, the name is given in
 * one step, `from` is gone afterwards. With durable the name is on disk on return (the
 * content must have been fs_sync'ed before). */
int fs_place(int dirfd, const char *from, const char *to, enum fs_place how, bool durable,
	     struct err *e);

/* A whole small file in one step, through a temporary file in tmpdir: readers see the old
 * content or the new. With durable, content and name are on disk on return. */
int fs_write(int dirfd, const char *tmpdir, const char *path, const void *p, size_t n,
	     bool durable, struct err *e);

/* The same for a file of somebody else's, through a temporary file beside it: the new one
 * gets the mode and owner of the file `like` (which may be path itself; NULL or absent:
 * as new files). Parents are made, and all is on disk on return. With FS_NOREPLACE what
 * is there stays, and that is success. */
int fs_put(int dirfd, const char *path, const char *like, const void *p, size_t n,
	   enum fs_place how, struct err *e);

/* A new file that only its owner may read, on disk on return. ERR_BUSY: the name is
 * there. */
int fs_create(int dirfd, const char *path, const void *p, size_t n, struct err *e);

int fs_unlink(int dirfd, const char *path, struct err *e); /* absent already: success */
/* The same, and on disk on return. */
int fs_remove(int dirfd, const char *path, struct err *e);
/* Remove empty directories: path, then those above it, as long as they are empty, and not
 * `stop`, which path begins with. fs_place makes them again. */
void fs_prune(int dirfd, const char *path, const char *stop);

/* fn with the open directory and the name of each entry that does not begin with a dot,
 * until it returns other than 0. ERR_NOT_FOUND: there is no such directory. */
int fs_each(int dirfd, const char *path,
	    int (*fn)(void *arg, int dirfd, const char *name, struct err *e), void *arg,
	    struct err *e);
/* A whole directory in one step: after it the name is gone, on disk too, and what was
 * below it is removed. tmpdir is in the same filesystem. ERR_NOT_FOUND: there is none. */
int fs_remove_dir(int dirfd, const char *path, const char *tmpdir, struct err *e);
/* The first half of that, without waiting for the disk: its new path is put in away. Only
 * when its name is gone on disk is what is below it nobody's any more (removal.h). */
int fs_take_away(int dirfd, const char *path, const char *tmpdir, char *away,
		 size_t awaylen, struct err *e);
/* File or directory with all below it, as far as that goes. No link is followed. */
void fs_remove_tree(int dirfd, const char *path);

/* At most n bytes from off, through EINTR: how many there were (0: the end). */
int fs_pread(int fd, void *p, size_t n, uint64_t off, size_t *got, struct err *e);
/* All of it, at offset off, through short writes and EINTR. */
int fs_pwrite_all(int fd, const void *p, size_t n, uint64_t off, struct err *e);

#endif
