/* Quarantine: out of the way, on record, and in the end gone. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/quarantine.h"
#include "store_try.h"

static struct digest bad_blob(struct store *s, const char *name, const char *content)
{
	struct digest d = try_digest(name);
	layout_path path;

	layout_blob(path, &d);
	try_put(s, path, content);
	return d;
}

struct seen {
	int n;
	struct quarantined last;
};

static int note(void *arg, const struct quarantined *q, struct err *e)
{
	struct seen *seen = arg;

	seen->n++;
	seen->last = *q;
	return 0;
}

static struct seen look(struct store *s)
{
	struct seen seen = { 0 };

	assert_int_equal(quarantine_each(s, note, &seen, NULL), 0);
	return seen;
}

static void out_of_the_way(void **state)
{
	struct store *s = try_store(state);
	struct digest d = bad_blob(s, "a", "wrong");
	struct seen seen;
	struct err e;
	uint64_t size;
	int fd = blob_open(s, &d, &size, &e);
	char text[8];

	assert_int_equal(look(s).n, 0);
	assert_int_equal(quarantine_put(s, &d, fd, &e), 1);
	assert_false(blob_exists(s, &d, NULL));
	assert_true(quarantine_has(s, &d));
	assert_int_equal(pread(fd, text, sizeof(text), 0), 5); /* who has it reads on */
	close(fd);
	assert_int_equal(quarantine_put(s, &d, -1, &e), 0); /* it has gone */
	seen = look(s);
	assert_int_equal(seen.n, 1);
	assert_true(digest_equal(&seen.last.digest, &d));
	assert_int_equal(seen.last.bytes, 5);
	assert_in_range(seen.last.since_ms, clock_wall_ms() - 60000, clock_wall_ms() + 1);
	quarantine_forget(s, &d);
	assert_false(quarantine_has(s, &d));
	quarantine_forget(s, &d);
}

/* What has come in its place meanwhile is not what was wrong. */
static void another_file_stays(void **state)
{
	struct store *s = try_store(state);
	struct digest d = bad_blob(s, "right", "wrong");
	struct err e;
	uint64_t size;
	int fd = blob_open(s, &d, &size, &e);

	assert_int_equal(blob_put(s, &d, "right", 5, &e), 0);
	assert_int_equal(quarantine_put(s, &d, fd, &e), 0);
	assert_true(blob_exists(s, &d, NULL));
	assert_false(quarantine_has(s, &d));
	close(fd);
}

static void bytes_expire_and_the_record_stays(void **state)
{
	struct store *s = try_store(state);
	struct digest d = bad_blob(s, "a", "wrong");
	struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	layout_path path;
	struct err e;

	assert_int_equal(quarantine_put(s, &d, -1, &e), 1);
	assert_int_equal(quarantine_expire(s, QUARANTINE_KEEP_MS), 0);
	layout_quarantine(path, &d);
	assert_int_equal(utimensat(s->dirfd, path, old, 0), 0);
	assert_int_equal(quarantine_expire(s, QUARANTINE_KEEP_MS), 5);
	assert_int_equal(quarantine_expire(s, QUARANTINE_KEEP_MS), 0);
	assert_int_equal(look(s).last.bytes, 0);
	assert_int_equal(look(s).last.since_ms, 1000000000000);
}

/* A few sparse ones over the limit: all bytes beyond it go, whichever they are of. */
static void bytes_are_bounded(void **state)
{
	struct store *s = try_store(state);
	struct digest d[3];
	layout_path path;
	struct err e;
	int i, fd;

	for (i = 0; i < 3; i++) {
		d[i] = bad_blob(s, (const char *[]){ "a", "b", "c" }[i], "wrong");
		layout_blob(path, &d[i]);
		fd = openat(s->dirfd, path, O_WRONLY);
		assert_int_equal(ftruncate(fd, QUARANTINE_MAX_BYTES / 2), 0);
		close(fd);
		assert_int_equal(quarantine_put(s, &d[i], -1, &e), 1);
	}
	assert_int_equal(quarantine_expire(s, QUARANTINE_KEEP_MS),
			 QUARANTINE_MAX_BYTES / 2);
	assert_int_equal(look(s).n, 3);
}

static void whose_fault(void **state)
{
	struct err e;

	err_set(&e, ERR_CORRUPT, "x");
	assert_true(quarantine_is_due(&e));
	errno = EIO;
	err_errno(&e, "x");
	assert_true(quarantine_is_due(&e));
	errno = EMFILE;
	err_errno(&e, "x");
	assert_false(quarantine_is_due(&e));
	errno = EACCES;
	err_errno(&e, "x");
	assert_false(quarantine_is_due(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(out_of_the_way),
		IN_STORE(another_file_stays),
		IN_STORE(bytes_expire_and_the_record_stays),
		IN_STORE(bytes_are_bounded),
		cmocka_unit_test(whose_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
