/* Planned faults, and what base/fs leaves behind at each of its fault points. The plan is
 * read once a process, so each case has a process of its own; without -Dfaults=true all
 * is skipped. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/fs.h"
#include "tmpdir.h"

static bool built(void)
{
#ifdef LARDER_FAULTS_BUILT
	return true;
#else
	return false;
#endif
}

/* The wait status of a process that plans `plan` and exits with fn(dir). */
static int run(const char *plan, int (*fn)(int dir), int dir)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("LARDER_FAULTS", plan, 1);
		_exit(fn(dir));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int exit_code(const char *plan, int (*fn)(int dir), int dir)
{
	int status = run(plan, fn, dir);

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Which of eight calls of "p" fail, as bits. */
static int eight_calls(int dir)
{
	int bits = 0, i;

	for (i = 0; i < 8; i++)
		if (fault("p") != 0 && errno == EIO)
			bits |= 1 << i;
	return fault("other") ? 255 : bits;
}

static void counting(void **state)
{
	if (!built())
		skip();
	assert_int_equal(exit_code("", eight_calls, -1), 0);
	assert_int_equal(exit_code("p:3=EIO", eight_calls, -1), 1 << 2);
	assert_int_equal(exit_code("p:7+=EIO", eight_calls, -1), 3 << 6);
	assert_int_equal(exit_code("q:1=EIO,p:1=EIO,p:2=EIO", eight_calls, -1), 5);
	assert_int_equal(exit_code("pp:1=EIO", eight_calls, -1), 0);
}

static int one_call(int dir)
{
	return fault("p");
}

static void killing_and_nonsense(void **state)
{
	int status;

	if (!built())
		skip();
	status = run("p:1=kill", one_call, -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(exit_code("p:1=ENOSPC", one_call, -1), ENOSPC);
}

static bool has_content(int dir, const char *path, const char *want)
{
	struct buf b = BUF_INIT(100);
	bool same = fs_read(dir, path, &b, NULL) == 0 && strcmp(buf_str(&b), want) == 0;

	buf_done(&b);
	return same;
}

/* 0: the write succeeded and reads back; 1: failed, the old content is there and nothing
 * was left in tmp; 2: failed, but the new content is there whole; else what is wrong. */
static int write_over(int dir)
{
	struct err e = { 0 };
	int rc = fs_write(dir, "tmp", "d/f", "new", 3, true, &e);

	if (unlinkat(dir, "tmp", AT_REMOVEDIR) != 0)
		return 10;
	mkdirat(dir, "tmp", 0755);
	if (rc == 0)
		return has_content(dir, "d/f", "new") ? 0 : 11;
	if (e.kind != ERR_NO_SPACE || e.errnum != ENOSPC ||
	    strstr(e.msg, "d/f: ") != e.msg)
		return 12;
	return has_content(dir, "d/f", "old")	? 1
	       : has_content(dir, "d/f", "new") ? 2
						: 13;
}

static void prepare(int dir)
{
	int fd;

	mkdirat(dir, "tmp", 0755);
	mkdirat(dir, "d", 0755);
	fd = openat(dir, "d/f", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
}

static void writes_are_old_or_new(void **state)
{
	static const struct {
		const char *plan;
		int want;
	} rows[] = {
		{ "fs.create:1=ENOSPC", 1 }, { "fs.write:1=ENOSPC", 1 },
		{ "fs.fsync:1=ENOSPC", 1 },  { "fs.rename:1=ENOSPC", 1 },
		{ "fs.fsync:2=ENOSPC", 1 }, /* of the directory's name, which is young */
		{ "fs.fsync:3=ENOSPC", 2 }, /* of the directory: the name is given by then
					     */
		{ "fs.fsync:4=ENOSPC", 0 },
	};
	int dir = ((struct tmpdir *)*state)->fd;
	size_t i;

	if (!built())
		skip();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prepare(dir);
		assert_int_equal(exit_code(rows[i].plan, write_over, dir), rows[i].want);
	}
}

/* Killed at a point: the reader's view, from outside. */
static void killed_writes_are_old_or_new(void **state)
{
	static const char *const plans[] = { "fs.create:1=kill", "fs.write:1=kill",
					     "fs.fsync:1=kill",	 "fs.rename:1=kill",
					     "fs.fsync:2=kill",	 "fs.fsync:3=kill" };
	int dir = ((struct tmpdir *)*state)->fd;
	size_t i;

	if (!built())
		skip();
	for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		prepare(dir);
		assert_true(WIFSIGNALED(run(plans[i], write_over, dir)));
		assert_true(has_content(dir, "d/f", i < 5 ? "old" : "new"));
	}
}

static int place_new(int dir)
{
	struct err e = { 0 };

	if (fs_place(dir, "tmp/t", "x/y/f", FS_NOREPLACE, true, &e) == 0)
		return 0;
	return e.errnum;
}

static void placing(void **state)
{
	static const char *const plans[] = { "fs.mkdir:1=EACCES", "fs.mkdir:2=EACCES",
					     "fs.link:1=EACCES",  "fs.fsync:1=EACCES",
					     "fs.fsync:2=EACCES", "fs.unlink:1=EACCES",
					     "fs.fsync:3=EACCES" };
	int dir = ((struct tmpdir *)*state)->fd;
	struct stat st;
	size_t i;
	int fd;

	if (!built())
		skip();
	mkdirat(dir, "tmp", 0755);
	for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		fd = openat(dir, "tmp/t", O_WRONLY | O_CREAT, 0644);
		close(fd);
		assert_int_equal(exit_code(plans[i], place_new, dir), EACCES);
		unlinkat(dir, "x/y/f", 0);
		unlinkat(dir, "x/y", AT_REMOVEDIR);
		unlinkat(dir, "x", AT_REMOVEDIR);
	}
	fd = openat(dir, "tmp/t", O_WRONLY | O_CREAT, 0644);
	close(fd);
	assert_int_equal(exit_code("fs.fsync:4=EACCES", place_new, dir), 0);
	assert_int_equal(fstatat(dir, "x/y/f", &st, 0), 0);
	assert_int_equal(fstatat(dir, "tmp/t", &st, 0), -1);
}

#define IN_TMPDIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counting),
		cmocka_unit_test(killing_and_nonsense),
		IN_TMPDIR(writes_are_old_or_new),
		IN_TMPDIR(killed_writes_are_old_or_new),
		IN_TMPDIR(placing),
	};

	return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
