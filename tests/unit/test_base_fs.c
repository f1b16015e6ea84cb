/* Files: what they hold and are named after each call, and the errors a disk gives
 * unasked. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
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

static void put_file(int dir, const char *path, const char *content)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_pwrite_all(fd, content, strlen(content), 0, NULL), 0);
	close(fd);
}

static void assert_content(int dir, const char *path, const char *want)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(fs_read(dir, path, &b, &e), 0);
	assert_string_equal(buf_str(&b), want);
}

static void read_at_the_limit(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(5);
	int dir = dir_of(state);
	struct err e = { 0 };

	put_file(dir, "f", "12345");
	assert_int_equal(buf_adds(&b, "old"), 0);
	assert_int_equal(fs_read(dir, "f", &b, &e), 0);
	assert_string_equal(buf_str(&b), "12345");
	put_file(dir, "f", "123456");
	assert_err(fs_read(dir, "f", &b, &e), e, ERR_LIMIT);
	put_file(dir, "f", "");
	assert_int_equal(fs_read(dir, "f", &b, &e), 0);
	assert_string_equal(buf_str(&b), "");
	b.limit = 0;
	assert_int_equal(fs_read(dir, "f", &b, &e), 0);
}

static void read_what_has_no_size(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1 << 20);
	struct err e = { 0 };

	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/status", &b, &e), 0);
	assert_non_null(strstr(buf_str(&b), "Pid:"));
}

static void read_what_is_not_there(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(5);
	struct err e = { 0 };

	assert_err(fs_read(dir_of(state), "none", &b, &e), e, ERR_NOT_FOUND);
	assert_err(fs_read(dir_of(state), ".", &b, &e), e, ERR_IO);
}

static void make_directories(void **state)
{
	char *longer = unit_repeat('d', 5000);
	int dir = dir_of(state);
	struct err e = { 0 };

	assert_int_equal(fs_mkdirs(dir, "a/b/c", true, &e), 0);
	assert_true(exists(dir, "a/b/c"));
	assert_int_equal(fs_mkdirs(dir, "a/b/c", true, &e), 0);
	assert_int_equal(fs_mkdirs(dir, "", true, &e), 0);
	assert_int_equal(fs_mkparents(dir, "x/y/file", false, &e), 0);
	assert_true(exists(dir, "x/y"));
	assert_false(exists(dir, "x/y/file"));
	assert_int_equal(fs_mkparents(dir, "file", false, &e), 0);
	assert_int_equal(fs_mkparents(dir, "/file", false, &e), 0);
	put_file(dir, "plain", "");
	assert_err(fs_mkdirs(dir, "plain/under", false, &e), e, ERR_NOT_FOUND);
	assert_err(fs_mkdirs(dir, longer, false, &e), e, ERR_LIMIT);
	longer[4500] = '/';
	assert_err(fs_mkparents(dir, longer, false, &e), e, ERR_LIMIT);
	test_free(longer);
}

static void temporary_names_are_new(void **state)
{
	CLEANUP(mem_closep)
	int a = -1;
	CLEANUP(mem_closep)
	int b = -1;
	char name_a[64], name_b[64], small[4];
	int dir = dir_of(state);
	struct err e = { 0 };

	a = fs_temp(dir, ".", name_a, sizeof(name_a), &e);
	b = fs_temp(dir, ".", name_b, sizeof(name_b), &e);
	assert_true(a >= 0 && b >= 0);
	assert_string_not_equal(name_a, name_b);
	assert_true(exists(dir, name_a));
	assert_err(fs_temp(dir, ".", small, sizeof(small), &e), e, ERR_LIMIT);
	assert_err(fs_temp(dir, "none", name_a, sizeof(name_a), &e), e, ERR_NOT_FOUND);
}

static void place_replacing_or_not(void **state)
{
	int dir = dir_of(state);
	struct err e = { 0 };

	put_file(dir, "t1", "one");
	assert_int_equal(fs_place(dir, "t1", "d/e/f", FS_NOREPLACE, true, &e), 0);
	assert_content(dir, "d/e/f", "one");
	assert_false(exists(dir, "t1"));
	put_file(dir, "t2", "two");
	assert_int_equal(fs_place(dir, "t2", "d/e/f", FS_NOREPLACE, true, &e), 0);
	assert_content(dir, "d/e/f", "one");
	assert_false(exists(dir, "t2"));
	put_file(dir, "t3", "three");
	assert_int_equal(fs_place(dir, "t3", "d/e/f", FS_REPLACE, true, &e), 0);
	assert_content(dir, "d/e/f", "three");
	assert_false(exists(dir, "t3"));
	assert_err(fs_place(dir, "none", "x", FS_REPLACE, false, &e), e, ERR_NOT_FOUND);
	assert_err(fs_place(dir, "none", "x", FS_NOREPLACE, false, &e), e, ERR_NOT_FOUND);
}

static void write_whole_files(void **state)
{
	int dir = dir_of(state);
	struct err e = { 0 };

	assert_int_equal(mkdirat(dir, "tmp", 0755), 0);
	assert_int_equal(fs_write(dir, "tmp", "a/f", "one", 3, true, &e), 0);
	assert_content(dir, "a/f", "one");
	assert_int_equal(fs_write(dir, "tmp", "a/f", "", 0, false, &e), 0);
	assert_content(dir, "a/f", "");
	assert_int_equal(unlinkat(dir, "tmp", AT_REMOVEDIR),
			 0); /* nothing was left in it */
	assert_err(fs_write(dir, "tmp", "a/f", "x", 1, false, &e), e, ERR_NOT_FOUND);
	assert_content(dir, "a/f", "");
}

static void unlink_twice(void **state)
{
	int dir = dir_of(state);
	struct err e = { 0 };

	put_file(dir, "f", "x");
	assert_int_equal(fs_unlink(dir, "f", &e), 0);
	assert_false(exists(dir, "f"));
	assert_int_equal(fs_unlink(dir, "f", &e), 0);
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(fs_unlink(dir, "d", &e), -1);
}

static void write_at_an_offset(void **state)
{
	int dir = dir_of(state);
	CLEANUP(mem_closep)
	int fd = openat(dir, "f", O_RDWR | O_CREAT, 0644);
	CLEANUP(mem_closep)
	int readonly = openat(dir, "f", O_RDONLY);
	struct err e = { 0 };

	assert_int_equal(fs_pwrite_all(fd, "abcdef", 6, 0, &e), 0);
	assert_int_equal(fs_pwrite_all(fd, "XY", 2, 2, &e), 0);
	assert_int_equal(fs_pwrite_all(fd, NULL, 0, 100, &e), 0);
	assert_content(dir, "f", "abXYef");
	assert_int_equal(fs_sync(fd, &e), 0);
	assert_err(fs_pwrite_all(readonly, "a", 1, 0, &e), e, ERR_IO);
	assert_int_equal(e.errnum, 0);
}

static void a_full_disk_is_no_space(void **state)
{
	CLEANUP(mem_closep)
	int full = open("/dev/full", O_WRONLY);
	struct err e = { 0 };

	assert_true(full >= 0);
	assert_err(fs_pwrite_all(full, "a", 1, 0, &e), e, ERR_NO_SPACE);
}

static void sync_errors(void **state)
{
	struct err e = { 0 };

	assert_err(fs_sync(-1, &e), e, ERR_IO);
	assert_int_equal(fs_sync_parent(dir_of(state), "f", &e), 0);
	assert_err(fs_sync_parent(dir_of(state), "none/f", &e), e, ERR_NOT_FOUND);
}

/* As an existing file: its mode, and nothing lies about afterwards. */
static void put_like(void **state)
{
	int dir = dir_of(state);
	struct err e = { 0 };
	struct stat st;

	assert_int_equal(fs_put(dir, "a/b/f", NULL, "one", 3, FS_REPLACE, &e), 0);
	assert_content(dir, "a/b/f", "one");
	assert_int_equal(fchmodat(dir, "a/b/f", 0640, 0), 0);
	assert_int_equal(fs_put(dir, "a/b/f", "a/b/f", "two", 3, FS_REPLACE, &e), 0);
	assert_content(dir, "a/b/f", "two");
	assert_int_equal(fstatat(dir, "a/b/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fs_put(dir, "a/b/g", "a/b/f", "x", 1, FS_NOREPLACE, &e), 0);
	assert_int_equal(fstatat(dir, "a/b/g", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fs_put(dir, "a/b/g", "absent", "y", 1, FS_NOREPLACE, &e), 0);
	assert_content(dir, "a/b/g", "x");
	assert_int_equal(fs_put(dir, "h", "absent", "", 0, FS_REPLACE, &e), 0);
	assert_content(dir, "h", "");
	assert_int_equal(fs_put(dir, "a/b", NULL, "x", 1, FS_REPLACE, &e), -1);
	assert_int_equal(fs_remove_dir(dir, "a/b", ".", &e), 0);
	assert_int_equal(unlinkat(dir, "a", AT_REMOVEDIR),
			 0); /* no temporary file in it */
}

#define IN_TMPDIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(put_like),
		IN_TMPDIR(read_at_the_limit),
		IN_TMPDIR(read_what_has_no_size),
		IN_TMPDIR(read_what_is_not_there),
		IN_TMPDIR(make_directories),
		IN_TMPDIR(temporary_names_are_new),
		IN_TMPDIR(place_replacing_or_not),
		IN_TMPDIR(write_whole_files),
		IN_TMPDIR(unlink_twice),
		IN_TMPDIR(write_at_an_offset),
		IN_TMPDIR(a_full_disk_is_no_space),
		IN_TMPDIR(sync_errors),
	};

	return cmocka_run_group_tests_name("base/fs", tests, NULL, NULL);
}
