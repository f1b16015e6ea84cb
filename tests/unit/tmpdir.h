/*
 * tmpdir.h - an empty directory for one test, and its end.
 */
#ifndef LARDER_TESTS_TMPDIR_H
#define LARDER_TESTS_TMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tmpdir {
	int fd;
	char path[64];
};

static inline int tmpdir_remove_one(const char *path, const struct stat *st, int type,
				    struct FTW *ftw)
{
	return remove(path);
}

/* In a directory where one can be made; *state is the struct tmpdir. */
static inline int tmpdir_make(const char *where, void **state)
{
	static struct tmpdir t;

	snprintf(t.path, sizeof(t.path), "%s/larder-unit-XXXXXX", where);
	if (mkdtemp(t.path) == NULL)
		return -1;
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &t;
	return t.fd < 0 ? -1 : 0;
}

/* cmocka set-up and tear-down. */
static inline int tmpdir_setup(void **state)
{
	return tmpdir_make("/tmp", state);
}

static inline int tmpdir_teardown(void **state)
{
	struct tmpdir *t = *state;

	close(t->fd);
	return nftw(t->path, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
