/* Unfinished downloads: found again, locked by whom continues them, given their name. */
#include "unit.h"

#include <fcntl.h>
#include <sys/file.h>

#include "store_try.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/partial.h"

static void begin(struct store *s, const char *of, const char *first, struct partial *p)
{
	struct digest d = try_digest(of);
	struct err e;

	assert_int_equal(partial_open(s, &d, p, &e), 0);
	assert_int_equal(partial_write(p, p->size, first, strlen(first), 0, &e), 0);
}

static void resume_and_commit(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	layout_path path, final;
	struct partial p;
	struct err e;

	begin(s, "content", "cont", &p);
	assert_int_equal(p.size, 0);
	close(p.fd);
	assert_false(blob_exists(s, &d, NULL));
	begin(s, "content", "ent", &p);
	assert_int_equal(p.size, 4);
	layout_partial(path, &d);
	assert_string_equal(p.path, path);
	assert_int_equal(partial_commit(s, &d, &p, &e), 0);
	layout_blob(final, &d);
	assert_true(try_holds(s, final, "content"));
	assert_false(try_exists(s, path));
	assert_int_equal(pread(p.fd, path, 7, 0), 7); /* still open */
	close(p.fd);
}

static void taken_or_not(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p;
	uint64_t size = 99;

	assert_false(partial_taken(s, &d, &size));
	assert_int_equal(partial_bytes(s, &d), 0);
	begin(s, "content", "cont", &p);
	assert_int_equal(partial_bytes(s, &d), 4);
	assert_true(partial_taken(s, &d, &size));
	assert_int_equal(size, 4);
	partial_unlock(&p);
	assert_false(partial_taken(s, &d, &size));
	close(p.fd);
	assert_false(partial_taken(s, &d, &size)); /* a dead one's */
	begin(s, "content", "ent", &p);		   /* and looking took nothing */
	assert_int_equal(p.size, 4);
	close(p.fd);
}

/* What has the name may have gone bad since: the bytes at hand are right. Who reads the
 * old file goes on, and its bytes are counted no more. */
static void commit_over_another(void **state)
{
	static const char *const others[] = { "content", "c0ntent", "cont", "contentXX" };
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p;
	layout_path path;
	struct err e;
	char was[16];
	size_t i;
	int fd;

	layout_blob(path, &d);
	for (i = 0; i < ARRAY_LEN(others); i++) {
		begin(s, "content", "content", &p);
		try_put(s, path, others[i]);
		fd = openat(s->dirfd, path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(partial_commit(s, &d, &p, &e), 0);
		assert_true(try_holds(s, path, "content"));
		assert_int_equal(read(fd, was, sizeof(was)), strlen(others[i]));
		assert_memory_equal(was, others[i], strlen(others[i]));
		assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0);
		close(fd);
		close(p.fd);
	}
}

static void commit_over_a_torn_one(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p;
	layout_path path;
	struct err e;

	layout_blob(path, &d);
	try_put(s, path, "");
	begin(s, "content", "content", &p);
	assert_int_equal(partial_commit(s, &d, &p, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
	assert_true(try_holds(s, path, "content"));
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0);
	close(p.fd);
}

static void commit_nothing(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("");
	struct partial p;
	struct err e;

	begin(s, "", "", &p);
	assert_int_equal(partial_commit(s, &d, &p, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
	close(p.fd);
}

static void discard(void **state)
{
	struct store *s = try_store(state);
	struct partial p, again;
	char c;

	begin(s, "content", "wrong", &p);
	partial_discard(s, &p);
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0);
	assert_int_equal(pread(p.fd, &c, 1, 0), 1); /* for those who read it */
	begin(s, "content", "", &again); /* a new one, though the old is still open */
	assert_int_equal(again.size, 0);
	close(again.fd);
	close(p.fd);
}

/* The other process gets one of its own, which nobody finds. */
static int downloads_it_too(struct store *s)
{
	struct digest d = try_digest("content");
	struct partial p;
	struct err e;

	if (partial_open(s, &d, &p, &e) != 0)
		return 1;
	if (p.size != 0 || strncmp(p.path, LAYOUT_TMP "/", strlen(LAYOUT_TMP) + 1) != 0)
		return 2;
	if (fs_pwrite_all(p.fd, "content", 7, 0, &e) != 0 ||
	    partial_commit(s, &d, &p, &e) != 0)
		return 3;
	return blob_exists(s, &d, NULL) ? 0 : 4;
}

static void two_processes(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p;
	struct err e;

	begin(s, "content", "cont", &p);
	assert_int_equal(try_beside(downloads_it_too, s), 0);
	assert_true(blob_exists(s, &d, NULL));
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	assert_int_equal(fs_pwrite_all(p.fd, "ent", 3, 4, &e), 0);
	assert_int_equal(partial_commit(s, &d, &p, &e), 0);
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 0);
	close(p.fd);
}

static int continues_it(struct store *s)
{
	struct digest d = try_digest("content");
	struct partial p;
	struct err e;

	return partial_open(s, &d, &p, &e) == 0 ? (int)p.size : 99;
}

static void the_next_process_continues(void **state)
{
	struct store *s = try_store(state);
	struct partial p;

	begin(s, "content", "cont", &p);
	close(p.fd);
	assert_int_equal(try_beside(continues_it, s), 4);
}

/* Its writer has ended, its readers have not. */
static void unlocked(void **state)
{
	struct store *s = try_store(state);
	struct partial p, next;

	begin(s, "content", "cont", &p);
	partial_unlock(&p);
	begin(s, "content", "ent", &next);
	assert_int_equal(next.size, 4);
	assert_false(next.own);
	partial_close(s, &p);
	partial_close(s, &next);
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 1);
	partial_unlock(&p); /* closed: nothing happens */
}

/* A private one that is given up leaves nothing; the named one stays to be resumed. */
static void closing(void **state)
{
	struct store *s = try_store(state);
	struct partial named, own;

	begin(s, "content", "cont", &named);
	begin(s, "content", "cont", &own); /* flock: as if by another process */
	assert_int_equal(try_count(s, LAYOUT_TMP), 1);
	partial_close(s, &own);
	assert_int_equal(own.fd, -1);
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	partial_close(s, &named);
	assert_int_equal(try_count(s, LAYOUT_PARTIALS), 1);
	partial_close(s, &named); /* closed already */
}

static void not_a_file(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p = { .fd = -7 };
	layout_path path;
	struct err e;

	layout_partial(path, &d);
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, &e), 0);
	assert_int_equal(partial_open(s, &d, &p, &e), -1);
	assert_non_null(strstr(e.msg, path));
	assert_int_equal(p.fd, -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(resume_and_commit),
		IN_STORE(taken_or_not),
		IN_STORE(commit_over_another),
		IN_STORE(commit_over_a_torn_one),
		IN_STORE(commit_nothing),
		IN_STORE(discard),
		IN_STORE(two_processes),
		IN_STORE(the_next_process_continues),
		IN_STORE(unlocked),
		IN_STORE(closing),
		IN_STORE(not_a_file),
	};

	return cmocka_run_group_tests_name("store/partial", tests, NULL, NULL);
}
