/*
 * test_codec_tar.c - archives as streams: what is in them by the tar format's own rules,
 * what cannot be written, and what is read.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/tar.h"

#define BLOCK 512

static unsigned long octal(const char *p)
{
	return strtoul(p, NULL, 8);
}

/* The header block at p says so, and its checksum is right. */
static void header_is(const char *p, const char *name, char type, size_t size)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)p[i];
	assert_int_equal(sum, octal(p + 148));
	assert_string_equal(p, name);
	assert_int_equal(p[156], type);
	assert_int_equal(octal(p + 124), size);
	assert_memory_equal(p + 257, "ustar", 5);
}

static void entries(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(TAR_STEP_BYTES + 16384);
	CLEANUP(tar_freep)
	struct tar *t = tar_new(&out, NULL);

	assert_int_equal(tar_dir(t, "blobs/", NULL), 0);
	header_is(out.p, "blobs/", '5', 0);
	assert_int_equal(octal(out.p + 100), 0755);
	assert_int_equal(out.n, BLOCK);
	buf_clear(&out);
	assert_int_equal(tar_file(t, "a", 5, NULL), 0);
	header_is(out.p, "a", '0', 5);
	assert_int_equal(octal(out.p + 100), 0644);
	assert_int_equal(octal(out.p + 136), 0);
	assert_int_equal(tar_data(t, "he", 2, NULL), 0);
	assert_int_equal(tar_data(t, "llo", 3, NULL), 0);
	assert_memory_equal(out.p + BLOCK, "hello", 5);
	assert_int_equal(tar_file(t, "empty", 0, NULL), 0);
	assert_int_equal(out.n, tar_entry_bytes(5) + tar_entry_bytes(0));
	header_is(out.p + 2 * BLOCK, "empty", '0', 0);
	buf_clear(&out);
	assert_int_equal(tar_end(t, NULL), 0);
	assert_int_equal(out.n, 2 * BLOCK);
}

/* A digest of sha512 is longer than a plain header has room for. */
static void long_names(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(TAR_STEP_BYTES + 16384);
	CLEANUP(tar_freep)
	struct tar *t = tar_new(&out, NULL);
	char name[200] = "blobs/sha512/";

	memset(name + 13, 'a', 128);
	assert_int_equal(tar_file(t, name, 0, NULL), 0);
	assert_int_equal(out.p[156], 'x');
	assert_non_null(memmem(out.p, out.n, name, strlen(name)));
}

/* Nor for 8 GiB. */
static void large_files(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(TAR_STEP_BYTES + 16384);
	CLEANUP(tar_freep)
	struct tar *t = tar_new(&out, NULL);

	assert_int_equal(tar_file(t, "a", (UINT64_C(8) << 30) - 1, NULL), 0);
	header_is(out.p, "a", '0', (UINT64_C(8) << 30) - 1);
	tar_free(t);
	buf_clear(&out);
	t = tar_new(&out, NULL);
	assert_int_equal(tar_file(t, "a", UINT64_C(8) << 30, NULL), 0);
	assert_int_equal(out.p[156], 'x');
	assert_non_null(memmem(out.p, out.n, "size=8589934592\n", 16));
}

static void sizes(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(TAR_STEP_BYTES + 16384);
	CLEANUP(tar_freep)
	struct tar *t = tar_new(&out, NULL);
	CLEANUP(mem_freep)
	char *piece = mem_alloc(TAR_STEP_BYTES);
	struct err e;
	int i;

	assert_int_equal(tar_file(t, "a", 4 * TAR_STEP_BYTES, NULL), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(tar_data(t, piece, TAR_STEP_BYTES, NULL), 0);
		buf_clear(&out);
	}
	assert_int_equal(tar_data(t, piece, 1, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(tar_file(t, "b", 2, NULL), 0);
	assert_int_equal(tar_data(t, "x", 1, NULL), 0);
	assert_int_equal(tar_file(t, "c", 1, &e), -1);
	assert_int_equal(tar_end(t, &e), -1);
	assert_non_null(strstr(e.msg, "1 bytes are missing"));
	assert_int_equal(tar_entry_bytes(0), BLOCK);
	assert_int_equal(tar_entry_bytes(1), 2 * BLOCK);
	assert_int_equal(tar_entry_bytes(BLOCK), 2 * BLOCK);
}

static void no_room(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(700);
	CLEANUP(tar_freep)
	struct tar *t = tar_new(&out, NULL);
	char piece[1000] = { 0 };
	struct err e;

	assert_int_equal(tar_file(t, "a", sizeof(piece), NULL), 0);
	assert_int_equal(tar_data(t, piece, sizeof(piece), &e), -1);
	assert_int_equal(e.kind, ERR_IO);
}

/* --- reading --- */

static int file_of(const struct buf *b)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, buf_str(b), b->n), b->n);
	return fd;
}

/* A folder, "./a" with five bytes, "b" with a MiB, and the end. */
static void make(struct buf *out)
{
	CLEANUP(tar_freep)
	struct tar *t = tar_new(out, NULL);
	CLEANUP(mem_freep)
	char *piece = mem_alloc(TAR_STEP_BYTES);
	int i;

	tar_dir(t, "folder/", NULL);
	tar_file(t, "./a", 5, NULL);
	tar_data(t, "hello", 5, NULL);
	tar_file(t, "b", 16 * TAR_STEP_BYTES, NULL);
	for (i = 0; i < 16; i++)
		assert_int_equal(tar_data(t, piece, TAR_STEP_BYTES, NULL), 0);
	assert_int_equal(tar_end(t, NULL), 0);
}

static void read_back(void **state)
{
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(4 << 20);
	CLEANUP(tar_reader_freep)
	struct tar_reader *r = NULL;
	CLEANUP(mem_closep)
	int fd = -1;
	struct tar_entry entry;
	char piece[10];
	size_t n;

	make(&whole);
	fd = file_of(&whole);
	r = tar_reader_new(fd, NULL);
	assert_int_equal(tar_reader_next(r, &entry, NULL), 1);
	assert_int_equal(entry.kind, TAR_DIR);
	assert_string_equal(entry.name, "folder");
	assert_int_equal(tar_reader_data(r, piece, sizeof(piece), &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(tar_reader_next(r, &entry, NULL), 1);
	assert_int_equal(entry.kind, TAR_FILE);
	assert_string_equal(entry.name, "a");
	assert_int_equal(entry.size, 5);
	assert_int_equal(tar_reader_data(r, piece, 3, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(tar_reader_data(r, piece + 3, 7, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(piece, "hello", 5);
	assert_int_equal(tar_reader_data(r, piece, sizeof(piece), &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(tar_reader_next(r, &entry, NULL), 1);
	assert_string_equal(entry.name, "b");
	assert_int_equal(tar_reader_next(r, &entry, NULL), 0); /* b is passed over */
	assert_int_equal(tar_reader_place(r), whole.n);
}

/* Every cut that takes something away is noticed, by reading or by passing over. */
static void cut(void **state)
{
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(4 << 20);
	struct tar_entry entry;
	struct err e = { 0 };
	size_t i;

	make(&whole);
	for (i = 1; i <= 8; i++) {
		struct buf part = whole;
		struct tar_reader *r;
		int fd, rc = 1;

		part.n = 3 * BLOCK + (whole.n - 8 * BLOCK) * i / 9;
		fd = file_of(&part);
		r = tar_reader_new(fd, NULL);
		while (rc > 0)
			rc = tar_reader_next(r, &entry, &e);
		assert_err(rc, e, ERR_INVALID);
		tar_reader_free(r);
		close(fd);
	}
}

static void no_tar(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(4096);
	struct tar_entry entry;
	struct tar_reader *r;
	struct err e = { 0 };
	int fd;

	buf_adds(&text, "{\"this\":\"is no tar\"}");
	fd = file_of(&text);
	r = tar_reader_new(fd, &e);
	if (r != NULL)
		assert_int_equal(tar_reader_next(r, &entry, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.msg, "no tar"));
	tar_reader_free(r);
	close(fd);
}

/* Every byte is seen once, also those before the first look, of what is passed over, and
 * after the end. */
static void watched(void **state)
{
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(4 << 20);
	CLEANUP(tar_reader_freep)
	struct tar_reader *r = NULL;
	CLEANUP(mem_closep)
	int fd = -1;
	struct hash *seen = hash_new(HASH_SHA256), *all = hash_new(HASH_SHA256);
	unsigned char a[HASH_MAX_BYTES], b[HASH_MAX_BYTES];
	struct tar_entry entry;

	make(&whole);
	buf_adds(&whole, "after the end");
	fd = file_of(&whole);
	r = tar_reader_new(fd, NULL);
	assert_int_equal(tar_reader_watch(r, seen, NULL), 0);
	while (tar_reader_next(r, &entry, NULL) == 1)
		;
	assert_int_equal(tar_reader_drain(r, NULL), 0);
	assert_int_equal(tar_reader_place(r), whole.n);
	hash_add(all, whole.p, whole.n);
	hash_final(seen, a);
	hash_final(all, b);
	assert_memory_equal(a, b, hash_size(HASH_SHA256));
	hash_free(all);
	hash_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),     cmocka_unit_test(long_names),
		cmocka_unit_test(large_files), cmocka_unit_test(sizes),
		cmocka_unit_test(no_room),     cmocka_unit_test(read_back),
		cmocka_unit_test(cut),	       cmocka_unit_test(no_tar),
		cmocka_unit_test(watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
