/* Zips as a stream: what is in them, and what hostile ones come to. */
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/zip.h"

/* A zip in a memory file, as libarchive writes it. */
struct making {
	int fd;
	struct archive *a;
};

static struct making begin(const char *options)
{
	struct making m = { memfd_create("zip", MFD_CLOEXEC), archive_write_new() };

	assert_int_equal(archive_write_set_format_zip(m.a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_options(m.a, options), ARCHIVE_OK);
	assert_int_equal(archive_write_open_fd(m.a, m.fd), ARCHIVE_OK);
	return m;
}

static void add(struct making *m, const char *name, mode_t type, const void *p, size_t n)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)n);
	assert_int_equal(archive_write_header(m->a, entry), ARCHIVE_OK);
	if (n > 0)
		assert_int_equal(archive_write_data(m->a, p, n), n);
	archive_entry_free(entry);
}

static int end(struct making *m)
{
	assert_int_equal(archive_write_free(m->a), ARCHIVE_OK);
	return m->fd;
}

static void some_files(void **state)
{
	static const char *const options[] = { "zip:compression=deflate",
					       "zip:compression=store" };
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(100);
	const char *name;
	size_t i;

	for (i = 0; i < ARRAY_LEN(options); i++) {
		struct making m = begin(options[i]);
		CLEANUP(zip_reader_freep)
		struct zip_reader *r = NULL;
		CLEANUP(mem_closep)
		int fd = -1;

		add(&m, "a.json", AE_IFREG, "{\"a\":1}", 7);
		add(&m, "folder/", AE_IFDIR, NULL, 0);
		add(&m, "folder/b.json", AE_IFREG, "", 0);
		add(&m, "../c", AE_IFREG, "last", 4);
		fd = end(&m);
		r = zip_reader_new(fd, NULL);
		assert_int_equal(zip_reader_next(r, &name, NULL), 1);
		assert_string_equal(name, "a.json");
		assert_int_equal(zip_reader_content(r, &text, NULL), 0);
		assert_string_equal(buf_str(&text), "{\"a\":1}");
		assert_int_equal(zip_reader_next(r, &name, NULL), 1);
		assert_string_equal(name, "folder/b.json");
		assert_int_equal(zip_reader_content(r, &text, NULL), 0);
		assert_int_equal(text.n, 0);
		assert_int_equal(zip_reader_next(r, &name, NULL), 1);
		assert_string_equal(name, "../c"); /* a name; it leads nowhere */
		assert_int_equal(zip_reader_next(r, &name, NULL), 0);
	}
}

/* Each to its limit, and one byte more. */
static void too_large(void **state)
{
	struct making m = begin("zip:compression=deflate");
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(100000);
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	CLEANUP(mem_closep)
	int fd = -1;
	CLEANUP(mem_freep)
	char *p = mem_alloc(100001);
	struct err e = { 0 };
	const char *name;

	add(&m, "fits", AE_IFREG, p, 100000);
	add(&m, "over", AE_IFREG, p, 100001);
	add(&m, "next", AE_IFREG, "x", 1);
	fd = end(&m);
	r = zip_reader_new(fd, NULL);
	assert_int_equal(zip_reader_next(r, &name, NULL), 1);
	assert_int_equal(zip_reader_content(r, &text, NULL), 0);
	assert_int_equal(text.n, 100000);
	assert_int_equal(zip_reader_next(r, &name, NULL), 1);
	assert_int_equal(zip_reader_content(r, &text, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_int_equal(zip_reader_next(r, &name, NULL), 1);
	assert_string_equal(name, "next");
	assert_int_equal(zip_reader_content(r, &text, NULL), 0);
	assert_string_equal(buf_str(&text), "x");
	assert_int_equal(zip_reader_next(r, &name, NULL), 0);
}

/* Small, and much when unpacked; each file for itself is within the limit. */
static void bomb(void **state)
{
	struct making m = begin("zip:compression=deflate");
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	CLEANUP(mem_closep)
	int fd = -1;
	size_t n = 32u << 20;
	CLEANUP(mem_freep)
	char *p = mem_alloc(n);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(n);
	struct err e = { 0 };
	const char *name;
	int i, rc;

	for (i = 0; i < 12; i++)
		add(&m, "zeros", AE_IFREG, p, n);
	fd = end(&m);
	r = zip_reader_new(fd, NULL);
	for (i = 0; (rc = zip_reader_next(r, &name, &e)) > 0; i++)
		assert_int_equal(zip_reader_content(r, &text, NULL), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(i, 9);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_non_null(strstr(e.msg, "200 times"));
}

/* More than its last record has room to count. */
static void many_entries(void **state)
{
	struct making m = begin("zip:compression=store");
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	CLEANUP(mem_closep)
	int fd = -1;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(10);
	const char *name;
	int i, n = 0;

	for (i = 0; i < 70000; i++)
		add(&m, "same", AE_IFREG, "1", 1);
	fd = end(&m);
	r = zip_reader_new(fd, NULL);
	while (zip_reader_next(r, &name, NULL) > 0)
		n += zip_reader_content(r, &text, NULL) == 0;
	assert_int_equal(n, 70000);
}

/* Reads all there is; how many files had the right content. -1: refused. */
static int read_all(int fd, struct err *e)
{
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = zip_reader_new(fd, e);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1000);
	const char *name;
	int rc = -1, good = 0;

	while (r != NULL && (rc = zip_reader_next(r, &name, e)) > 0)
		if (zip_reader_content(r, &text, e) == 0)
			good += strcmp(buf_str(&text), "some content of it") == 0 ||
				strcmp(buf_str(&text), "more") == 0;
	return rc == 0 ? good : -1;
}

static void cut_anywhere(void **state)
{
	struct making m = begin("zip:compression=deflate");
	CLEANUP(mem_closep)
	int fd = -1;
	off_t size, n;

	add(&m, "a", AE_IFREG, "some content of it", 18);
	add(&m, "b", AE_IFREG, "more", 4);
	fd = end(&m);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(read_all(fd, NULL), 2);
	for (n = 1; n <= size; n++) {
		struct err e = { 0 };

		assert_int_equal(ftruncate(fd, size - n), 0);
		assert_int_equal(read_all(fd, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

/* Wrong content is never taken for right, whichever byte is another. */
static void each_byte_changed(void **state)
{
	struct making m = begin("zip:compression=deflate");
	CLEANUP(mem_closep)
	int fd = -1;
	off_t size, n;

	add(&m, "a", AE_IFREG, "some content of it", 18);
	fd = end(&m);
	size = lseek(fd, 0, SEEK_END);
	for (n = 0; n < size; n++) {
		CLEANUP(zip_reader_freep)
		struct zip_reader *r = NULL;
		CLEANUP(buf_done)
		struct buf text = BUF_INIT(1000);
		const char *name;
		char was, now;

		assert_int_equal(pread(fd, &was, 1, n), 1);
		now = (char)(was ^ 0x41);
		assert_int_equal(pwrite(fd, &now, 1, n), 1);
		r = zip_reader_new(fd, NULL);
		while (r != NULL && zip_reader_next(r, &name, NULL) > 0)
			if (zip_reader_content(r, &text, NULL) == 0)
				assert_string_equal(buf_str(&text), "some content of it");
		assert_int_equal(pwrite(fd, &was, 1, n), 1);
	}
}

/* The number of entries is what zip64's record says, to the limit and one more. */
static void too_many_entries(void **state)
{
	int over;

	for (over = 0; over < 2; over++) {
		CLEANUP(mem_closep)
		int fd = memfd_create("zip", MFD_CLOEXEC);
		unsigned char p[56 + 20 + 22] = { 'P', 'K', 6, 6 };
		CLEANUP(zip_reader_freep)
		struct zip_reader *r = NULL;
		uint64_t n = ZIP_MAX_ENTRIES + (uint64_t)over;
		struct err e = { 0 };

		memcpy(p + 32, &n, 8);
		memcpy(p + 56, "PK\6\7", 4);
		memcpy(p + 76, "PK\5\6", 4);
		memset(p + 86, 0xff, 6);
		assert_int_equal(fs_pwrite_all(fd, p, sizeof(p), 0, NULL), 0);
		r = zip_reader_new(fd, &e);
		if (over)
			assert_null_err(r, e, ERR_LIMIT);
		else
			assert_non_null(r);
	}
}

static void no_zip(void **state)
{
	CLEANUP(mem_closep)
	int fd = memfd_create("zip", MFD_CLOEXEC);
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	struct err e = { 0 };
	const char *name;

	assert_int_equal(fs_pwrite_all(fd, "{\"id\":\"x\"}", 10, 0, NULL), 0);
	r = zip_reader_new(fd, &e);
	assert_true(r == NULL || zip_reader_next(r, &name, &e) == -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.msg, "it is no zip"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_files),
		cmocka_unit_test(too_large),
		cmocka_unit_test(bomb),
		cmocka_unit_test(many_entries),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(each_byte_changed),
		cmocka_unit_test(too_many_entries),
		cmocka_unit_test(no_zip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
