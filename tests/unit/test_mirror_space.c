/* A download's bytes: on disk, in memory when the disk is full, and across the change.
 * The faults need a process each; without -Dfaults=true those cases are skipped. */
#include "unit.h"

#include "mirror/space.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store_try.h"

#define CONTENT "0123456789abcdef"

static void open_new(struct store *s, struct space *sp)
{
	struct digest d = try_digest(CONTENT);
	uint64_t landed = 99;
	struct err e;

	assert_int_equal(space_open(sp, s, &d, &landed, &e), 0);
	assert_int_equal(landed, 0);
}

/* What can be read at off, as the view tells. */
static bool reads(const struct space_view *v, uint64_t off, const char *want)
{
	char got[64];
	ssize_t n = space_read(v, off, got, strlen(want));

	return n == (ssize_t)strlen(want) && memcmp(got, want, (size_t)n) == 0;
}

static void on_disk(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(CONTENT);
	struct space sp;
	struct err e;

	open_new(s, &sp);
	assert_true(sp.view.fd >= 0 && sp.view.mem_fd == -1);
	assert_int_equal(space_reserve(&sp, strlen(CONTENT), &e), 0);
	assert_int_equal(space_reserve(&sp, 0, &e), 0);
	assert_int_equal(space_write(&sp, 0, CONTENT, 10, &e), 0);
	assert_true(reads(&sp.view, 3, "3456789"));
	assert_int_equal(space_write(&sp, 10, &CONTENT[10], 6, &e), 0);
	assert_int_equal(space_commit(&sp, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
	assert_true(reads(&sp.view, 0, CONTENT)); /* for those who still read */
	space_close(&sp);
	space_close(&sp);
}

static void resumed(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(CONTENT), got;
	struct hash *h = hash_new(HASH_SHA256);
	struct err e = { 0 };
	struct space sp;
	uint64_t landed;

	open_new(s, &sp);
	assert_int_equal(space_reserve(&sp, 1000000, &e), 0);
	assert_int_equal(space_write(&sp, 0, CONTENT, 10, &e), 0);
	space_close(&sp);
	assert_int_equal(space_open(&sp, s, &d, &landed, &e), 0);
	assert_int_equal(landed, 10); /* and not what was reserved */
	assert_int_equal(space_rehash(&sp, landed, h, &e), 0);
	hash_add(h, &CONTENT[10], 6);
	digest_final(HASH_SHA256, h, &got);
	assert_true(digest_equal(&got, &d));
	assert_err(space_rehash(&sp, landed + 1, h, &e), e, ERR_IO);
	space_close(&sp);
	hash_free(h);
}

static void long_ones_are_rehashed(void **state)
{
	char *text = unit_repeat('x', 200001);
	struct store *s = try_store(state);
	struct hash *h = hash_new(HASH_SHA256);
	struct digest want, got;
	struct space sp;
	struct err e;

	digest_of(HASH_SHA256, text, 200001, &want);
	open_new(s, &sp);
	assert_int_equal(space_write(&sp, 0, text, 200001, &e), 0);
	assert_int_equal(space_rehash(&sp, 200001, h, &e), 0);
	digest_final(HASH_SHA256, h, &got);
	assert_true(digest_equal(&got, &want));
	assert_int_equal(space_same(&sp, 0, text, 200001), 200001); /* no first one */
	space_close(&sp);
	hash_free(h);
	test_free(text);
}

static void from_disk_to_memory(void **state)
{
	struct store *s = try_store(state);
	struct space_view before, v;
	struct space sp;
	struct err e;
	char c[16];

	open_new(s, &sp);
	assert_int_equal(space_write(&sp, 0, CONTENT, 12, &e), 0); /* two too many */
	before = sp.view;
	assert_int_equal(space_to_memory(&sp, 10, &v, &e), 0);
	sp.view = v;
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0); /* it lost its name */
	assert_int_equal(v.mem_from, 10);
	assert_int_equal(v.mem_gone, 10);
	assert_int_equal(space_write(&sp, 10, &CONTENT[10], 6, &e), 0);
	assert_true(reads(&v, 0, "0123456789"));
	assert_int_equal(space_read(&v, 5, c, 16), 5);	   /* up to the change, ... */
	assert_true(reads(&v, 10, "abcdef"));		   /* ... and from there */
	assert_true(reads(&before, 0, "0123456789"));	   /* an older view is good too */
	assert_int_equal(space_reserve(&sp, 1000, &e), 0); /* needs none */
	space_give_back(&sp, 13);
	assert_true(reads(&v, 13, "def"));
	assert_int_equal(space_read(&v, 11, c, 1), 1);
	assert_int_equal(c[0], 0); /* gone: the owner lets nobody read there */
	assert_true(reads(&v, 0, "0123456789"));
	space_discard(&sp);
	space_close(&sp);
}

/* Memory stays within what has not been given back, however large the blob is. */
static void memory_is_given_back(void **state)
{
	char *chunk = unit_repeat('m', 1 << 20);
	struct store *s = try_store(state);
	struct space_view v;
	struct space sp;
	struct stat st;
	struct err e;
	uint64_t off;

	open_new(s, &sp);
	assert_int_equal(space_to_memory(&sp, 0, &v, &e), 0);
	sp.view = v;
	for (off = 0; off < 64u << 20; off += 1 << 20) {
		assert_int_equal(space_write(&sp, off, chunk, 1 << 20, &e), 0);
		space_give_back(&sp, off);
		assert_int_equal(fstat(v.mem_fd, &st), 0);
		assert_true(st.st_blocks * 512 <= 2 << 20);
	}
	space_close(&sp);
	test_free(chunk);
}

static void wrong_bytes_once_more(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest(CONTENT);
	struct space_view old, v;
	struct space sp;
	struct err e;

	open_new(s, &sp);
	assert_int_equal(space_write(&sp, 0, "0123456XXXab", 12, &e), 0);
	old = sp.view;
	assert_int_equal(space_restart(&sp, &v, &e), 0);
	sp.view = v;
	assert_int_equal(space_same(&sp, 0, CONTENT, 5), 5);
	assert_int_equal(space_same(&sp, 0, CONTENT, 16), 7);
	assert_int_equal(space_same(&sp, 5, &CONTENT[5], 11), 2);
	assert_int_equal(space_same(&sp, 7, &CONTENT[7], 1), 0);
	assert_int_equal(space_same(&sp, 10, &CONTENT[10], 6), 6); /* past its end */
	assert_int_equal(space_same(&sp, 100, CONTENT, 16), 16);
	assert_int_equal(space_same(&sp, 0, CONTENT, 0), 0);
	assert_true(reads(&old, 0, "0123456XXX")); /* who reads it still does */
	assert_int_equal(space_write(&sp, 0, CONTENT, 16, &e), 0);
	assert_true(reads(&v, 0, CONTENT));
	assert_int_equal(space_commit(&sp, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0);
	space_close(&sp);
}

static void differences_far_in(void **state)
{
	char *text = unit_repeat('x', 200000);
	struct store *s = try_store(state);
	struct space_view v;
	struct space sp;
	struct err e;

	open_new(s, &sp);
	assert_int_equal(space_write(&sp, 0, text, 200000, &e), 0);
	assert_int_equal(space_restart(&sp, &v, &e), 0);
	sp.view = v;
	assert_int_equal(space_same(&sp, 0, text, 200000), 200000);
	text[131072] = 'y';
	assert_int_equal(space_same(&sp, 0, text, 200000), 131072);
	assert_int_equal(space_same(&sp, 1, text + 1, 199999), 131071);
	text[199999] = 'y';
	assert_int_equal(space_same(&sp, 131073, text + 131073, 68927), 68926);
	space_close(&sp);
	test_free(text);
}

/* Two at once: the second has one of its own, which goes with it. */
static void a_second_one(void **state)
{
	struct store *s = try_store(state);
	struct space_view v;
	struct space a, b;
	struct err e;

	open_new(s, &a);
	open_new(s, &b);
	assert_int_equal(space_write(&b, 0, "wrong", 5, &e), 0);
	assert_int_equal(space_restart(&b, &v, &e), 0);
	b.view = v;
	assert_int_equal(space_write(&b, 0, "01234", 5, &e), 0);
	assert_int_equal(try_count(s, LAYOUT_TMP), 1);
	space_close(&b);
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	assert_int_equal(space_write(&a, 0, CONTENT, 3, &e), 0);
	space_close(&a);
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 1);
}

/* --- a disk that is full ---------------------------------------------------------------
 */

/* In a process of its own, whose fault points have not been asked yet: 0 when all was as
 * it should be, else the number of the line. */
#define SHOULD(what)                                                                     \
	do {                                                                             \
		if (!(what))                                                             \
			return __LINE__ & 0x7f ? __LINE__ & 0x7f : 1;                    \
	} while (0)

static int full_from_the_start(struct store *s)
{
	struct digest d = try_digest(CONTENT);
	uint64_t landed = 99;
	struct space sp;
	struct err e;

	SHOULD(space_open(&sp, s, &d, &landed, &e) == 0);
	SHOULD(landed == 0 && sp.view.fd == -1 && sp.view.mem_fd >= 0);
	SHOULD(sp.view.mem_from == 0 && sp.view.mem_gone == 0);
	SHOULD(space_reserve(&sp, 1 << 20, &e) == 0);
	SHOULD(space_write(&sp, 0, CONTENT, 16, &e) == 0); /* fs.write counts files */
	SHOULD(reads(&sp.view, 0, CONTENT));
	space_discard(&sp);
	space_close(&sp);
	return 0;
}

static int refused(struct store *s)
{
	struct digest d = try_digest(CONTENT);
	struct err e = { 0 };
	struct space sp;
	uint64_t landed;

	SHOULD(space_open(&sp, s, &d, &landed, &e) == -1);
	SHOULD(e.kind == ERR_IO && e.msg[0] != '\0');
	return 0;
}

static bool opens(struct store *s, struct space *sp)
{
	struct digest d = try_digest(CONTENT);
	uint64_t landed = 99;
	struct err e;

	return space_open(sp, s, &d, &landed, &e) == 0 && landed == 0;
}

/* All of it goes where the new view says, and can be read there. */
static bool takes_all(struct space *sp, const struct space_view *v)
{
	sp->view = *v;
	return space_write(sp, 0, CONTENT, 16, NULL) == 0 && reads(v, 0, CONTENT);
}

static int cannot_reserve(struct store *s)
{
	struct err e = { 0 };
	struct space_view v;
	struct space sp;

	SHOULD(opens(s, &sp));
	SHOULD(space_reserve(&sp, 1 << 20, &e) == -1 && e.kind == ERR_NO_SPACE);
	SHOULD(space_to_memory(&sp, 0, &v, &e) == 0);
	SHOULD(takes_all(&sp, &v));
	space_close(&sp);
	return 0;
}

static int full_while_writing(struct store *s)
{
	struct err e = { 0 };
	struct space_view v;
	struct space sp;

	SHOULD(opens(s, &sp));
	SHOULD(space_write(&sp, 0, CONTENT, 8, &e) == 0);
	SHOULD(space_write(&sp, 8, &CONTENT[8], 4, &e) == -1 && e.kind == ERR_NO_SPACE);
	SHOULD(space_to_memory(&sp, 8, &v, &e) == 0);
	sp.view = v;
	SHOULD(space_write(&sp, 8, &CONTENT[8], 8, &e) == 0);
	SHOULD(reads(&v, 0, "01234567") && reads(&v, 8, "89abcdef"));
	space_close(&sp);
	return 0;
}

/* Wrong bytes, and no room to begin anew. */
static int full_at_the_restart(struct store *s)
{
	struct err e = { 0 };
	struct space_view v;
	struct space sp;

	SHOULD(opens(s, &sp));
	SHOULD(space_write(&sp, 0, "0123456XXX", 10, &e) == 0);
	SHOULD(space_restart(&sp, &v, &e) == 0);
	SHOULD(v.fd == -1 && v.mem_fd >= 0 && v.mem_from == 0 && v.mem_gone == 0);
	SHOULD(space_same(&sp, 0, CONTENT, 16) == 7);
	SHOULD(takes_all(&sp, &v));
	space_close(&sp);
	return 0;
}

static int as_planned(const char *plan, int (*fn)(struct store *), const char *root)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s;
		int rc;

		setenv("LARDER_FAULTS", plan, 1);
		if (store_open(root, &s, NULL) != 0)
			_exit(127);
		rc = fn(s);
		if (rc == 0 &&
		    (try_count(s, LAYOUT_PARTIALS) != 0 || try_count(s, LAYOUT_TMP) != 0))
			rc = 126; /* what goes to memory leaves nothing */
		_exit(rc);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_full_disk(void **state)
{
	const char *root = ((struct tmpdir *)*state)->path;

#ifndef LARDER_FAULTS_BUILT
	skip();
#endif
	assert_int_equal(as_planned("store.partial:1=ENOSPC", full_from_the_start, root),
			 0);
	assert_int_equal(as_planned("store.partial:1=EDQUOT", full_from_the_start, root),
			 0);
	assert_int_equal(as_planned("store.partial:1=EIO", refused, root), 0);
	assert_int_equal(as_planned("space.reserve:1=ENOSPC", cannot_reserve, root), 0);
	assert_int_equal(as_planned("space.reserve:1=EDQUOT", cannot_reserve, root), 0);
	assert_int_equal(as_planned("space.write:2=ENOSPC", full_while_writing, root), 0);
	assert_int_equal(as_planned("space.write:2+=ENOSPC", full_while_writing, root),
			 0);
	assert_int_equal(as_planned("fs.write:2=ENOSPC", full_while_writing, root), 0);
	assert_int_equal(as_planned("store.partial:2=ENOSPC", full_at_the_restart, root),
			 0);
}

/* More than the file system can have in one file. */
static void too_large_for_one_file(void **state)
{
	struct store *s = try_store(state);
	struct err e = { 0 };
	struct space sp;

	open_new(s, &sp);
	assert_err(space_reserve(&sp, UINT64_C(1) << 62, &e), e, ERR_NO_SPACE);
	space_close(&sp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: the process must not have come to a fault point. */
		cmocka_unit_test_setup_teardown(a_full_disk, tmpdir_setup,
						tmpdir_teardown),
		IN_STORE(on_disk),
		IN_STORE(resumed),
		IN_STORE(long_ones_are_rehashed),
		IN_STORE(from_disk_to_memory),
		IN_STORE(memory_is_given_back),
		IN_STORE(wrong_bytes_once_more),
		IN_STORE(differences_far_in),
		IN_STORE(a_second_one),
		IN_STORE(too_large_for_one_file),
	};

	log_setup(LOG_ERROR, LOG_TEXT);
	return cmocka_run_group_tests_name("mirror/space", tests, NULL, NULL);
}
