/* Uses of images: written in batches, never in the way, begun anew when damaged. */
#include "unit.h"

#include "store_try.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/tag.h"
#include "store/usage.h"
#include "store/usedb.h"

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
	struct usage *u = usage_new(s, NULL);

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

	u = usage_new(s, NULL);
	note(u, "a", "1");
	usage_flush(u);
	assert_int_equal(used_of(s, "a", "1").times, 3);
	usage_free(u);
}

static void nothing_to_write(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s, NULL);

	usage_flush(u);
	usage_free(u);
	usage_free(NULL);
	assert_false(try_exists(s, LAYOUT_USAGE));
}

/* Whatever lies there in its place. */
static void damaged(void **state)
{
	struct store *s = try_store(state);
	struct usage *u = usage_new(s, NULL);

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
	struct usage *u = usage_new(s, NULL);
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
	struct usage *u = usage_new(s, NULL);

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
	struct usage *u = usage_new(s, NULL);
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
	u = usage_new(s, NULL);
	for (i = 0; i < 3 * USAGE_MAX_NOTES; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%d", i);
		note(u, "a", tag);
	}
	usage_free(u);
	assert_true(dropped() - before <= 2 * USAGE_MAX_NOTES);
	assert_int_equal(unlinkat(s->dirfd, LAYOUT_USAGE, AT_REMOVEDIR), 0);

	u = usage_new(s, NULL);
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
	struct usage *u = usage_new(s, NULL);

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

/* A guest with one number to keep. */
struct guest {
	struct usage *u;
	int reads, writes;
	uint64_t found;
	uint32_t mine, written; /* the second is on disk */
	bool anew;
};

static int64_t slot_ms(void)
{
	return clock_wall_ms() / 3600000 * 3600000;
}

static void guest_take(void *arg, int64_t slot, uint32_t n)
{
	((struct guest *)arg)->found += n;
	assert_true(slot >= slot_ms() - 3600000);
}

static int guest_read(void *arg, struct usedb *db, struct err *e)
{
	struct guest *g = arg;
	bool has;

	g->reads++;
	if (usedb_quota_has(db, &has, e) != 0 || !has)
		return has ? -1 : 0;
	g->found = 0;
	return usedb_quota_each_spent(db, "h", "", 0, INT64_MAX, guest_take, g, e);
}

static bool guest_due(void *arg)
{
	return ((struct guest *)arg)->mine != ((struct guest *)arg)->written;
}

static int guest_write(void *arg, struct usedb *db, bool anew, struct err *e)
{
	struct guest *g = arg;

	g->writes++;
	g->anew = anew;
	return usedb_quota_add_spent(db, "h", "", slot_ms(),
				     g->mine - (anew ? 0 : g->written), e);
}

static void guest_written(void *arg)
{
	((struct guest *)arg)->written = ((struct guest *)arg)->mine;
}

static struct usage *with_guest(struct store *s, struct guest *g)
{
	const struct usage_guest guest = { g, guest_read, guest_due, guest_write,
					   guest_written };

	*g = (struct guest){ 0 };
	g->u = usage_new(s, &guest);
	assert_true(usage_wait_read(g->u, 10000));
	return g->u;
}

static void a_guest(void **state)
{
	struct store *s = try_store(state);
	struct guest a, b;

	with_guest(s, &a);
	usage_flush(a.u);
	assert_false(try_exists(s, LAYOUT_USAGE)); /* it had nothing to write */
	assert_int_equal(a.reads + a.writes, 0);
	a.mine = 3;
	usage_due(a.u);
	usage_flush(a.u);
	usage_flush(a.u);
	assert_int_equal(a.writes, 1);

	with_guest(s, &b);
	assert_int_equal(b.reads, 1);
	assert_int_equal(b.found, 3);
	b.mine = 4;
	usage_free(b.u); /* writes at the end */
	usage_read_now(a.u);
	assert_int_equal(a.found, 7);
	usage_read_now(a.u); /* nothing has changed */
	assert_int_equal(a.reads, 1);
	usage_free(a.u);
	assert_int_equal(a.writes, 1);
}

/* What the thread does by itself. */
static void a_guest_is_told(void **state)
{
	struct store *s = try_store(state);
	struct guest a, b;
	int i;

	with_guest(s, &a);
	with_guest(s, &b);
	b.mine = 5;
	usage_free(b.u);
	usage_read_soon(a.u);
	for (i = 0; i < 10000 && a.found != 5; i++)
		usleep(1000);
	assert_int_equal(a.found, 5);
	usage_free(a.u);
}

/* Then all of what it has goes into the new file. */
static void a_guest_begins_anew(void **state)
{
	struct store *s = try_store(state);
	struct guest a;

	with_guest(s, &a);
	a.mine = 3;
	usage_flush(a.u);
	try_put(s, LAYOUT_USAGE,
		"this is no database, and longer than its header is, "
		"which has a hundred bytes, so that it is looked at");
	a.mine = 4;
	usage_flush(a.u);
	assert_true(a.anew);
	usage_free(a.u);
	with_guest(s, &a);
	assert_int_equal(a.found, 4);
	usage_free(a.u);
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
		IN_STORE(a_guest),
		IN_STORE(a_guest_is_told),
		IN_STORE(a_guest_begins_anew),
	};

	return cmocka_run_group_tests_name("store/usage", tests, NULL, NULL);
}
