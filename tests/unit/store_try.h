/*
 * store_try.h - an open store in an empty directory for one test, with the files in it
 * seen from outside.
 */
#ifndef LARDER_TESTS_STORE_TRY_H
#define LARDER_TESTS_STORE_TRY_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"
#include "tmpdir.h"

struct
try {
	struct tmpdir *tmp;
	struct store *s;
};

/* cmocka set-up and tear-down; *state is the struct try. */
static inline int try_setup(void **state)
{
	static struct try t;
	struct err e;

	log_setup(LOG_ERROR, LOG_TEXT);
	if (tmpdir_setup((void **)&t.tmp) != 0)
		return -1;
	*state = &t;
	return store_open(t.tmp->path, &t.s, &e);
}

static inline int try_teardown(void **state)
{
	struct try *t = *state;

	store_close(t->s);
	return tmpdir_teardown((void **)&t->tmp);
}

#define IN_STORE(t) cmocka_unit_test_setup_teardown(t, try_setup, try_teardown)

static inline struct store *try_store(void **state)
{
	return ((struct try *)*state)->s;
}

static inline struct reponame try_name(const char *text)
{
	struct reponame name;

	assert_int_equal(reponame_parse(view_of(text), &name, NULL), 0);
	return name;
}

static inline struct digest try_digest(const char *content)
{
	struct digest d;

	digest_of(HASH_SHA256, content, strlen(content), &d);
	return d;
}

/* Any bytes under any path, as another program would leave them. */
static inline void try_put(struct store *s, const char *path, const char *content)
{
	int fd;

	assert_int_equal(fs_mkparents(s->dirfd, path, false, NULL), 0);
	fd = openat(s->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_pwrite_all(fd, content, strlen(content), 0, NULL), 0);
	close(fd);
}

static inline bool try_exists(struct store *s, const char *path)
{
	struct stat st;

	return fstatat(s->dirfd, path, &st, 0) == 0;
}

static inline bool try_holds(struct store *s, const char *path, const char *want)
{
	struct buf b = BUF_INIT(1 << 20);
	bool same = fs_read(s->dirfd, path, &b, NULL) == 0 && b.n == strlen(want) &&
		    memcmp(buf_str(&b), want, b.n) == 0;

	buf_done(&b);
	return same;
}

/* Files in a folder of the store that do not begin with a dot. */
static inline int try_count(struct store *s, const char *path)
{
	int fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY), n = 0;
	struct dirent *de;
	DIR *dir;

	assert_true(fd >= 0);
	dir = fdopendir(fd);
	while ((de = readdir(dir)) != NULL)
		n += de->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* A second process that runs fn and exits with what it returns. */
static inline int try_beside(int (*fn)(struct store *s), struct store *s)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(s));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
