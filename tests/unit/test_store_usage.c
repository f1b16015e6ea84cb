/* Uses of images: written in batches, never in the way, begun anew when damaged. */
#include "unit.h"

#include "store_try.h"

#include <pthread.h>

#include "base/metrics.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/tag.h"
#include "store/usage.h"

static struct reference ref_of(const char *text)
{
	struct reference r;

	assert_int_equal(reference_parse(view_of(text), &r, NULL), 0);
	return r;
}

static void note(struct usage *u, const char *name, const char *ref)
{
	struct reponame n = try_name(name);
	struct reference r = ref_of(ref);

	usage_note(u, &n, &r);
}

static struct used used_of(struct store *s, const char *name, const char *ref)
{
	struct usage_reader *r = usage_reader_open(s);
	struct reponame n = try_name(name);
	struct used u = usage_reader_get(r, &n, ref);

	usage_reader_close(r);
	return u;
}

/* Tags of images that are there: others are forgotten. */
static void add_tag(struct store *s, const char *name, const char *tag)
{
	struct reponame n = try_name(name);
	struct digest d = try_digest("x");

	assert_int_equal(tag_set(s, &n, tag, &d, NULL), 0);
}

static int64_t dropped(void)
{
	int64_t n = 0;

	metrics_sum("larder_usage_dropped_total", NULL, NULL, NULL, NULL, &n);
	return n;
}

static void written_at_the_end(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s);

	add_tag(s, "a", "1");
	assert_int_equal(used_of(s, "a", "1").times, 0);
	assert_false(try_exists(s, LAYOUT_USAGE)); /* nothing before there is a note */
	note(u, "a", "1");
	note(u, "a", "1");
	usage_free(u);
	assert_int_equal(used_of(s, "a", "1").times, 2);
	assert_true(used_of(s, "a", "1").last_ms > INT64_C(1700000000000));
	assert_int_equal(used_of(s, "a", "2").times, 0);
	assert_int_equal(used_of(s, "b", "1").last_ms, 0);

	u = usage_new(s);
	note(u, "a", "1");
	usage_flush(u);
	assert_int_equal(used_of(s, "a", "1").times, 3);
	usage_free(u);
}

static void nothing_to_write(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s);

	usage_flush(u);
	usage_free(u);
	usage_free(NULL);
	assert_false(try_exists(s, LAYOUT_USAGE));
}

/* Whatever lies there in its place. */
static void damaged(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s);

	add_tag(s, "a", "1");
	try_put(s, LAYOUT_USAGE,
		"this is no database, and longer than its header is, "
		"which has a hundred bytes, so that it is looked at");
	assert_int_equal(used_of(s, "a", "1").times, 0);
	note(u, "a", "1");
	usage_flush(u);
	assert_int_equal(used_of(s, "a", "1").times, 1);
	assert_true(try_exists(s, LAYOUT_USAGE ".damaged"));
	note(u, "a", "1");
	usage_free(u);
	assert_int_equal(used_of(s, "a", "1").times, 2);
}

/* Its middle is gone, as after a power cut on a careless disk. */
static void torn(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s);
	char junk[64];
	int fd, i;

	for (i = 0; i < 2000; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%d", i);
		note(u, "a", tag);
	}
	usage_flush(u);
	memset(junk, 0xee, sizeof(junk));
	fd = openat(s->dirfd, LAYOUT_USAGE, O_WRONLY);
	for (i = 1; i < 8; i++)
		assert_int_equal(
			fs_pwrite_all(fd, junk, sizeof(junk), (uint64_t)i * 4096, NULL),
			0);
	close(fd);
	add_tag(s, "a", "t7");
	note(u, "a", "t7");
	usage_flush(u);
	assert_int_equal(used_of(s, "a", "t7").times, 1);
	usage_free(u);
}

/* A directory cannot be written, by root neither. */
static void unwritable(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s);

	assert_int_equal(fs_mkdirs(s->dirfd, LAYOUT_USAGE "/x", false, NULL), 0);
	note(u, "a", "1");
	usage_flush(u);
	note(u, "a", "1");
	usage_free(u);
	assert_true(try_exists(s, LAYOUT_USAGE "/x"));
	assert_int_equal(used_of(s, "a", "1").times, 0);
}

static int beside(struct store *s)
{
	struct usage *u = usage_new(s);
	int i;

	for (i = 0; i < 50; i++) {
		note(u, "a", "1");
		usage_flush(u);
	}
	usage_free(u);
	return 0;
}

static void *beside_thread(void *arg)
{
	beside(arg);
	return NULL;
}

static void two_processes(void **state)
{
	struct store *s = try_store(state);
	int64_t before = dropped();
	pid_t pid;
	pthread_t t;
	int status;

	add_tag(s, "a", "1");
	pid = fork();
	if (pid == 0)
		_exit(beside(s));
	assert_int_equal(pthread_create(&t, NULL, beside_thread, s), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(used_of(s, "a", "1").times, 100);
	assert_int_equal(dropped(), before);
}

/* The bound: it never waits, and what is too much is counted. */
static void too_many(void **state)
{
	struct store *s = try_store(state);
	int64_t before = dropped();
	struct usage *u;
	int i, n = 0;

	assert_int_equal(fs_mkdirs(s->dirfd, LAYOUT_USAGE, false, NULL), 0);
	u = usage_new(s);
	for (i = 0; i < 3 * USAGE_MAX_NOTES; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%d", i);
		note(u, "a", tag);
	}
	usage_free(u);
	assert_true(dropped() - before <= 2 * USAGE_MAX_NOTES);
	assert_int_equal(unlinkat(s->dirfd, LAYOUT_USAGE, AT_REMOVEDIR), 0);

	u = usage_new(s);
	for (i = 0; i < USAGE_MAX_NOTES; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%d", i);
		if (i < 10)
			add_tag(s, "b", tag);
		note(u, "b", tag);
	}
	usage_free(u);
	for (i = 0; i < 10; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%d", i);
		n += used_of(s, "b", tag).times == 1;
	}
	assert_int_equal(n, 10);
}

/* At its first writing a process forgets what is gone. */
static void forgotten(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("m");
	char text[DIGEST_TEXT_MAX];
	struct usage *u = usage_new(s);

	digest_text(&d, text);
	add_tag(s, "a", "here");
	assert_int_equal(link_add(s, LINK_REVISION, &a, &d, false, NULL), 0);
	note(u, "a", "here");
	note(u, "a", "gone");
	note(u, "a", text);
	note(u, "gone", text);
	usage_free(u);
	assert_int_equal(used_of(s, "a", "here").times, 1);
	assert_int_equal(used_of(s, "a", text).times, 1);
	assert_int_equal(used_of(s, "a", "gone").times, 0);
	assert_int_equal(used_of(s, "gone", text).times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(written_at_the_end),
		IN_STORE(nothing_to_write),
		IN_STORE(damaged),
		IN_STORE(torn),
		IN_STORE(unwritable),
		IN_STORE(two_processes),
		IN_STORE(too_many),
		IN_STORE(forgotten),
	};

	return cmocka_run_group_tests_name("store/usage", tests, NULL, NULL);
}
