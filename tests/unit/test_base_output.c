/* Where a user says that something is to go: what is there afterwards. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/output.h"
#include "tmpdir.h"

static const struct tmpdir *t;
static char path[2][512];

static const char *in_dir(unsigned slot, const char *name)
{
	snprintf(path[slot], sizeof(path[slot]), "%s/%s", t->path, name);
	return path[slot];
}

static void assert_has(const char *name, const char *want)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(fs_read(AT_FDCWD, name, &b, &e), 0);
	assert_string_equal(buf_str(&b), want);
}

static void a_link_stays_one(void **state)
{
	const char *file, *lead;
	struct stat st;
	struct err e;

	t = *state;
	file = in_dir(0, "file");
	lead = in_dir(1, "link");
	assert_int_equal(output_put(file, "one", 3, &e), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(symlink("file", lead), 0);
	assert_int_equal(output_put(lead, "two", 3, &e), 0);
	assert_int_equal(lstat(lead, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_has(file, "two");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void what_is_no_file_is_written_to(void **state)
{
	const char *pipe_at, *lead;
	char got[8] = "";
	struct stat st;
	struct err e;
	int fd;

	t = *state;
	pipe_at = in_dir(0, "pipe");
	lead = in_dir(1, "lead");
	assert_int_equal(mkfifo(pipe_at, 0600), 0);
	assert_int_equal(symlink("pipe", lead), 0);
	fd = open(pipe_at, O_RDWR | O_CLOEXEC); /* a reader, so that nobody waits */
	assert_true(fd >= 0);
	assert_int_equal(output_put(pipe_at, "one", 3, &e), 0);
	assert_int_equal(output_put(lead, "two", 3, &e), 0);
	assert_int_equal(read(fd, got, 6), 6);
	assert_string_equal(got, "onetwo");
	close(fd);
	assert_int_equal(lstat(pipe_at, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(lstat(lead, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void errors_name_the_path(void **state)
{
	struct err e;

	t = *state;
	assert_int_equal(output_put(t->path, "x", 1, &e), -1);
	assert_non_null(strstr(e.msg, t->path));
	assert_int_equal(output_put("/dev/full", "x", 1, &e), -1);
	assert_non_null(strstr(e.msg, "/dev/full"));
	assert_non_null(strstr(e.msg, "No space left"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_link_stays_one, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_written_to,
						tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(errors_name_the_path, tmpdir_setup,
						tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
