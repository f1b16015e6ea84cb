/* Directories whose names are on disk: which are synced, and how often. */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/lasting.h"
#include "tmpdir.h"

static bool built(void)
{
#ifdef LARDER_FAULTS_BUILT
	return true;
#else
	return false;
#endif
}

/* How often a process that does so syncs: the n-th of them fails, and then fn says so. */
static int syncs(int (*fn)(int dir), int dir)
{
	char plan[32];
	int n;

	for (n = 1; n < 50; n++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			snprintf(plan, sizeof(plan), "fs.fsync:%d=EIO", n);
			setenv("LARDER_FAULTS", plan, 1);
			_exit(fn(dir) == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			return n - 1;
	}
	return n;
}

static int once(int dir)
{
	return lasting_dir(dir, "a/b/c", NULL);
}

static int twice(int dir)
{
	return once(dir) != 0 || once(dir) != 0;
}

static int another(int dir)
{
	return once(dir) != 0 || lasting_dir(dir, "a/b/d", NULL) != 0;
}

static int made_anew(int dir)
{
	if (once(dir) != 0 || unlinkat(dir, "a/b/c", AT_REMOVEDIR) != 0 ||
	    mkdirat(dir, "a/b/c", 0755) != 0)
		return -1;
	return once(dir);
}

/* Not by what comes to fault points: the plan is read once, and children have theirs. */
static void make(int dir)
{
	static const char *const paths[] = { "a", "a/b", "a/b/c", "a/b/d" };
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(mkdirat(dir, paths[i], 0755), 0);
}

static void young_ones_once(void **state)
{
	int dir = ((struct tmpdir *)*state)->fd;

	if (!built())
		skip();
	make(dir);
	assert_int_equal(syncs(once, dir), 3);
	assert_int_equal(syncs(twice, dir), 3);
	assert_int_equal(syncs(another, dir), 4);
	assert_int_equal(syncs(made_anew, dir), 4);
}

static int not_there(int dir)
{
	struct err e = { 0 };

	if (lasting_dir(dir, "none", &e) != -1 || e.kind != ERR_NOT_FOUND ||
	    strstr(e.msg, "none") == NULL)
		return -1;
	/* Above these there is nothing to look at. */
	return lasting_dir(dir, ".", NULL) != 0 || lasting_dir(AT_FDCWD, "/", NULL) != 0;
}

static void what_is_not_there(void **state)
{
	int dir = ((struct tmpdir *)*state)->fd;

	assert_in_range(syncs(not_there, dir), 0, 2);
}

static int durable(int dir)
{
	return fs_mkdirs(dir, "a/b/c", true, NULL);
}

static void durable_ones_of_others(void **state)
{
	int dir = ((struct tmpdir *)*state)->fd;

	if (!built())
		skip();
	make(dir);
	assert_int_equal(syncs(durable, dir), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(young_ones_once, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(durable_ones_of_others, tmpdir_setup,
						tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
