/* Finished content: whole or not there. */
#include "unit.h"

#include <errno.h>

#include "store_try.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/layout.h"

static void put_and_open(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content"), wide;
	uint64_t size = 99;
	struct err e = { 0 };
	char back[8] = "";
	int fd;

	assert_false(blob_exists(s, &d, NULL));
	assert_int_equal(blob_open(s, &d, &size, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(size, 99); /* untouched */
	assert_int_equal(blob_put(s, &d, "content", 7, &e), 0);
	assert_true(blob_exists(s, &d, &size));
	assert_int_equal(size, 7);
	fd = blob_open(s, &d, &size, &e);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, back, 7, 0), 7);
	assert_string_equal(back, "content");
	close(fd);
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	digest_of(HASH_SHA512, "content", 7, &wide);
	assert_false(blob_exists(s, &wide, NULL));
	assert_int_equal(blob_put(s, &wide, "content", 7, &e), 0);
	assert_true(blob_exists(s, &wide, &size));
}

static void put_twice(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("x");
	struct stat before, after;
	layout_path path;
	struct err e;

	layout_blob(path, &d);
	assert_int_equal(blob_put(s, &d, "x", 1, &e), 0);
	assert_int_equal(fstatat(s->dirfd, path, &before, 0), 0);
	assert_int_equal(blob_put(s, &d, "x", 1, &e), 0);
	assert_int_equal(fstatat(s->dirfd, path, &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* those who read it keep it */
}

static void nothing_is_a_blob_too(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("");
	uint64_t size = 1;
	struct err e;
	int fd;

	assert_int_equal(blob_put(s, &d, NULL, 0, &e), 0);
	fd = blob_open(s, &d, &size, &e);
	assert_true(fd >= 0);
	assert_int_equal(size, 0);
	close(fd);
}

/* registry:2 writes in place: a crash of it leaves an empty file. */
static void a_torn_one_is_none_and_is_replaced(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct err e = { 0 };
	layout_path path;
	uint64_t size;

	layout_blob(path, &d);
	try_put(s, path, "");
	assert_false(blob_exists(s, &d, &size));
	assert_err(blob_open(s, &d, &size, &e), e, ERR_NOT_FOUND);
	assert_int_equal(blob_put(s, &d, "content", 7, &e), 0);
	assert_true(try_holds(s, path, "content"));
}

static void not_a_file(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct err e = { 0 };
	layout_path path;
	uint64_t size;

	layout_blob(path, &d);
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, &e), 0);
	assert_false(blob_exists(s, &d, NULL));
	assert_err(blob_open(s, &d, &size, &e), e, ERR_NOT_FOUND);
	assert_int_equal(blob_put(s, &d, "content", 7, &e), -1);
	assert_true(e.msg[0] != '\0');
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
}

static void removing(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("x");
	struct err e;

	blob_remove(s, &d); /* absent: nothing happens */
	assert_int_equal(blob_put(s, &d, "x", 1, &e), 0);
	blob_remove(s, &d);
	assert_false(blob_exists(s, &d, NULL));
	assert_int_equal(blob_put(s, &d, "x", 1, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
}

static void keeping(void **state)
{
	static const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct store *s = try_store(state);
	struct digest d = try_digest("x"), none = try_digest("y");
	layout_path path;
	struct stat st;

	assert_int_equal(blob_put(s, &d, "x", 1, NULL), 0);
	layout_blob(path, &d);
	assert_int_equal(utimensat(s->dirfd, path, old, 0), 0);
	assert_true(keep_blob(s, &d));
	assert_int_equal(fstatat(s->dirfd, path, &st, 0), 0);
	assert_true(st.st_mtime > 1000);
	assert_false(keep_blob(s, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(put_and_open),
		IN_STORE(put_twice),
		IN_STORE(nothing_is_a_blob_too),
		IN_STORE(a_torn_one_is_none_and_is_replaced),
		IN_STORE(not_a_file),
		IN_STORE(removing),
		IN_STORE(keeping),
	};

	return cmocka_run_group_tests_name("store/blob", tests, NULL, NULL);
}
