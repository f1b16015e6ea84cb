/* Directories that go together: out of place at once, for good with one sync of each
 * directory that had some. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/removal.h"
#include "tmpdir.h"

static int dir_of(void **state)
{
	return ((struct tmpdir *)*state)->fd;
}

static bool exists(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, 0) == 0;
}

/* Not by fs_each: the parent of those that fail on purpose meets no fault point. */
static int count(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY), n = 0;
	struct dirent *de;
	DIR *d;

	assert_true(fd >= 0);
	d = fdopendir(fd);
	while ((de = readdir(d)) != NULL)
		n += de->d_name[0] != '.';
	closedir(d);
	return n;
}

/* top/x/1..3 and top/y/1..3, each with a file in it. */
static void make(int dir)
{
	char path[32];
	int i, fd;

	mkdirat(dir, "tmp", 0755);
	mkdirat(dir, "top", 0755);
	mkdirat(dir, "top/x", 0755);
	mkdirat(dir, "top/y", 0755);
	for (i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "top/%c/%d", i < 3 ? 'x' : 'y', i % 3 + 1);
		mkdirat(dir, path, 0755);
		snprintf(path, sizeof(path), "top/%c/%d/f", i < 3 ? 'x' : 'y', i % 3 + 1);
		fd = openat(dir, path, O_WRONLY | O_CREAT, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
}

static int take(struct removal *r, const char *path)
{
	struct err e;

	return removal_take(r, path, &e);
}

static void whole_until_it_lasts(void **state)
{
	int dir = dir_of(state);
	struct removal *r = removal_new(dir, "tmp", "top");
	struct err e;

	make(dir);
	assert_int_equal(take(r, "top/y/1"), 0);
	assert_int_equal(take(r, "top/x/1"), 0);
	assert_int_equal(take(r, "top/y/3"), 0);
	assert_err(removal_take(r, "top/y/1", &e), e, ERR_NOT_FOUND);
	assert_err(removal_take(r, "top/z/1", &e), e, ERR_NOT_FOUND);
	assert_false(exists(dir, "top/y/1") || exists(dir, "top/x/1"));
	assert_int_equal(count(dir, "tmp"), 3);
	assert_int_equal(removal_last(r, &e), 0);
	assert_int_equal(count(dir, "tmp"), 0);
	assert_int_equal(count(dir, "top/x"), 2);
	assert_int_equal(count(dir, "top/y"), 1);
	/* As new; and what is empty goes, but not what everything is in. */
	assert_int_equal(take(r, "top/y/2"), 0);
	assert_int_equal(removal_last(r, &e), 0);
	assert_false(exists(dir, "top/y"));
	assert_int_equal(take(r, "top/x/2"), 0);
	assert_int_equal(take(r, "top/x/3"), 0);
	assert_int_equal(removal_last(r, &e), 0);
	assert_int_equal(count(dir, "top"), 0);
	assert_int_equal(removal_last(r, &e), 0);
	removal_free(r);
}

static void what_does_not_last_stays_whole(void **state)
{
	int dir = dir_of(state);
	struct removal *r = removal_new(dir, "tmp", "top");

	make(dir);
	assert_int_equal(take(r, "top/x/1"), 0);
	removal_free(r);
	assert_false(exists(dir, "top/x/1"));
	assert_int_equal(count(dir, "tmp"), 1);
	removal_free(NULL);
}

/* Another may have taken the directory itself, as well. */
static void a_directory_that_is_gone(void **state)
{
	int dir = dir_of(state);
	struct removal *r = removal_new(dir, "tmp", "top");
	struct err e;

	make(dir);
	assert_int_equal(take(r, "top/x/1"), 0);
	fs_remove_tree(dir, "top/x");
	assert_int_equal(removal_last(r, &e), 0);
	assert_int_equal(count(dir, "tmp"), 0);
	removal_free(r);
}

/* Five of two directories. What failed leaves its content where a crash would. */
static bool all_of(int dir)
{
	static const char *const paths[] = { "top/x/1", "top/y/1", "top/x/2", "top/y/2",
					     "top/x/3" };
	struct removal *r = removal_new(dir, "tmp", "top");
	size_t i;
	bool ok = true;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		ok = take(r, paths[i]) == 0 && ok;
	ok = removal_last(r, NULL) == 0 && ok;
	removal_free(r);
	return ok;
}

static void one_sync_a_directory(void **state)
{
#ifdef LARDER_FAULTS_BUILT
	int dir = dir_of(state), n;
	char plan[32];

	for (n = 1; n < 10; n++) {
		int status = -1;
		pid_t pid;

		fs_remove_tree(dir, "top");
		fs_remove_tree(dir, "tmp");
		make(dir);
		pid = fork();
		if (pid == 0) {
			snprintf(plan, sizeof(plan), "fs.fsync:%d=EIO", n);
			setenv("LARDER_FAULTS", plan, 1);
			_exit(all_of(dir) ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		assert_int_equal(count(dir, "tmp"), 5);
	}
	assert_int_equal(n - 1, 2);
#else
	skip();
#endif
}

#define IN_TMPDIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(one_sync_a_directory), /* first: the plan is read once */
		IN_TMPDIR(whole_until_it_lasts),
		IN_TMPDIR(what_does_not_last_stays_whole),
		IN_TMPDIR(a_directory_that_is_gone),
	};

	return cmocka_run_group_tests_name("base/removal", tests, NULL, NULL);
}
