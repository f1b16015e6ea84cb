/*
 * output.c - No state.
 */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

static int write_to(const char *path, const char *at, size_t n, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	while (n > 0) {
		ssize_t put = write(fd, at, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(e, "cannot write to %s", path);
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

int output_put(const char *path, const void *p, size_t n, struct err *e)
{
	CLEANUP(mem_freep)
	char *real = realpath(path, NULL);
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return write_to(path, p, n, e);
	if (real == NULL)
		return fs_put(AT_FDCWD, path, path, p, n, FS_REPLACE, e);
	return fs_put(AT_FDCWD, real, real, p, n, FS_REPLACE, e);
}
