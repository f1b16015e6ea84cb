/* Tags' histories: what is noted, what the links tell, and every way of being torn. */
#include "unit.h"

#include <time.h>

#include "store_try.h"
#include "store/history.h"
#include "store/history_file.h"
#include "store/history_tidy.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/note.h"
#include "store/tag.h"

#define T0 1700000000000
#define DAY_MS (24LL * 3600 * 1000)

static void set(struct store *s, const char *name, const char *content, int64_t ms)
{
	struct reponame a = try_name(name);
	struct digest d = try_digest(content);
	struct err e;

	assert_int_equal(history_set(s, &a, "v1", &d, ms, HISTORY_PUSH, &e), 0);
}

/* "" : none; "-": deleted; "?": not known. */
static void is_at(struct store *s, const char *name, int64_t ms, const char *content)
{
	struct reponame a = try_name(name);
	struct digest got, want = try_digest(content);
	struct err e = { 0 };
	int rc = history_resolve(s, &a, "v1", ms, &got, &e);

	if (content[0] == '-' || content[0] == '?') {
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
		assert_non_null(
			strstr(e.msg, content[0] == '-' ? "was deleted" : "known"));
		return;
	}
	assert_int_equal(rc, 0);
	assert_true(digest_equal(&got, &want));
}

static size_t count(struct store *s, const char *name)
{
	struct reponame a = try_name(name);
	struct history h;
	size_t n;

	if (history_read(s, &a, "v1", &h, NULL) != 0)
		return 0;
	n = h.n;
	history_done(&h);
	return n;
}

/* The times of the tag's links, as if it had been set then. */
static void link_time_is(struct store *s, const char *name, const char *content,
			 int64_t ms)
{
	struct timespec ts[2] = { { .tv_sec = ms / 1000 }, { .tv_sec = ms / 1000 } };
	struct reponame a = try_name(name);
	struct digest d = try_digest(content);
	layout_path path;

	layout_tag_index(path, &a, "v1", &d);
	assert_int_equal(utimensat(s->dirfd, path, ts, 0), 0);
	layout_tag(path, &a, "v1");
	assert_int_equal(utimensat(s->dirfd, path, ts, 0), 0);
}

static void moves(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a/b");
	char text[3 * 200], x[DIGEST_TEXT_MAX], y[DIGEST_TEXT_MAX];
	struct digest dx = try_digest("x"), dy = try_digest("y"), at;
	CLEANUP(buf_done)
	struct buf note = BUF_INIT(4096);
	layout_path path;
	struct err e = { 0 };

	is_at(s, "a/b", INT64_MAX, "?");
	set(s, "a/b", "x", T0);
	set(s, "a/b", "x", T0 + 500); /* again: no move */
	set(s, "a/b", "y", T0 + 1000);
	set(s, "a/b", "x", T0 + 2000);
	is_at(s, "a/b", T0 - 1, "?");
	is_at(s, "a/b", T0, "x");
	is_at(s, "a/b", T0 + 999, "x");
	is_at(s, "a/b", T0 + 1000, "y");
	is_at(s, "a/b", T0 + 1999, "y");
	is_at(s, "a/b", T0 + 2000, "x");
	is_at(s, "a/b", INT64_MAX, "x");
	assert_int_equal(tag_get(s, &a, "v1", &at, &e), 0);
	assert_true(digest_equal(&at, &dx));
	digest_text(&dx, x);
	digest_text(&dy, y);
	snprintf(text, sizeof(text), "%lld %s push\n%lld %s push\n%lld %s push\n",
		 (long long)T0, x, (long long)T0 + 1000, y, (long long)T0 + 2000, x);
	layout_history(path, &a, "v1");
	assert_string_equal(path, "larder/history/a/b/_tags/v1");
	assert_int_equal(note_read(s, path, &note, &e), 0);
	assert_string_equal(buf_str(&note), text);
}

static void deletions(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest at;
	struct err e = { 0 };

	assert_err(history_remove(s, &a, "v1", T0, HISTORY_DELETE, &e), e, ERR_NOT_FOUND);
	assert_int_equal(count(s, "a"), 0);
	set(s, "a", "x", T0);
	assert_int_equal(history_remove(s, &a, "v1", T0 + 1000, HISTORY_DELETE, &e), 0);
	assert_err(tag_get(s, &a, "v1", &at, &e), e, ERR_NOT_FOUND);
	assert_err(history_remove(s, &a, "v1", T0 + 1500, HISTORY_DELETE, &e), e,
		   ERR_NOT_FOUND);
	set(s, "a", "x", T0 + 2000);
	is_at(s, "a", T0 + 999, "x");
	is_at(s, "a", T0 + 1000, "-");
	is_at(s, "a", T0 + 1999, "-");
	is_at(s, "a", T0 + 2000, "x");
	assert_int_equal(count(s, "a"), 3);
}

/* Tags that are not there, and nothing is noted of it. */
static void unnoted_deletions(void **state)
{
	struct timespec ts[2] = { { .tv_sec = T0 / 1000 + 5 },
				  { .tv_sec = T0 / 1000 + 5 } };
	struct store *s = try_store(state);
	struct reponame a = try_name("a"), hub = try_name("hub");
	struct digest x = try_digest("x");
	layout_path tags;
	struct err e;

	/* One that is pruned from a mirror stays what it was. */
	assert_int_equal(history_set(s, &hub, "v1", &x, T0, "docker.io", &e), 0);
	assert_int_equal(tag_remove(s, &hub, "v1", &e), 0);
	is_at(s, "hub", T0 + 9000, "x");
	assert_int_equal(history_set(s, &hub, "v1", &x, T0 + 9000, "docker.io", &e), 0);
	assert_int_equal(count(s, "hub"), 1);
	/* One that was pushed can only have been deleted. */
	set(s, "a", "x", T0);
	assert_int_equal(tag_remove(s, &a, "v1", &e), 0);
	layout_tags(tags, &a);
	assert_int_equal(utimensat(s->dirfd, tags, ts, 0), 0);
	is_at(s, "a", T0 + 4999, "x");
	is_at(s, "a", T0 + 5000, "-");
	assert_int_equal(count(s, "a"), 2);
	assert_int_equal(unlinkat(s->dirfd, tags, AT_REMOVEDIR), 0);
	is_at(s, "a", T0 + 5000, "x");
	is_at(s, "a", INT64_MAX, "-");
	set(s, "a", "x", T0 + 9000);
	is_at(s, "a", INT64_MAX, "x");
}

/* Between tag and note, and between note and removal. */
static void crashes(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest y = try_digest("y"), z = try_digest("z");
	struct err e;

	set(s, "a", "x", T0);
	link_time_is(s, "a", "x", T0 + 3000); /* a little later than it is noted */
	assert_int_equal(tag_set(s, &a, "v1", &y, &e), 0);
	link_time_is(s, "a", "y", T0 + 5000);
	is_at(s, "a", T0 + 4000, "x");
	is_at(s, "a", T0 + 5000, "y");
	/* two, one after the other */
	assert_int_equal(tag_set(s, &a, "v1", &z, &e), 0);
	link_time_is(s, "a", "z", T0 + 7000);
	is_at(s, "a", T0 + 4999, "x");
	is_at(s, "a", T0 + 6000, "y");
	is_at(s, "a", T0 + 7000, "z");
	/* the next move writes down what was missing */
	set(s, "a", "x", T0 + 9000);
	assert_int_equal(count(s, "a"), 4);
	is_at(s, "a", T0 + 6000, "y");
	is_at(s, "a", T0 + 8000, "z");
	is_at(s, "a", T0 + 9000, "x");
	/* noted as deleted, and still there */
	assert_int_equal(history_remove(s, &a, "v1", T0 + 11000, HISTORY_DELETE, &e), 0);
	assert_int_equal(tag_set(s, &a, "v1", &z, &e), 0);
	link_time_is(s, "a", "z", T0 + 10000);
	is_at(s, "a", T0 + 10500, "x");
	is_at(s, "a", T0 + 11000, "z");
	is_at(s, "a", T0 + 12000, "z");
}

/* A store of before: the links are all there is. */
static void from_links(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d;
	struct err e;
	const char *const content[] = { "x", "y", "z" };
	struct history h;
	int i;

	for (i = 0; i < 3; i++) {
		d = try_digest(content[i]);
		assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
		link_time_is(s, "a", content[i], T0 + i * 1000);
	}
	is_at(s, "a", T0 - 1, "?");
	is_at(s, "a", T0 + 1500, "y");
	is_at(s, "a", T0 + 5000, "z");
	assert_false(try_exists(s, LAYOUT_HISTORY));
	/* the same again: its links get a new time, but what was is noted before */
	set(s, "a", "z", T0 + 20000);
	is_at(s, "a", T0 + 5000, "z");
	set(s, "a", "x", T0 + 30000);
	assert_int_equal(history_read(s, &a, "v1", &h, &e), 0);
	assert_int_equal(h.n, 4);
	assert_string_equal(h.move[2].from, HISTORY_LINKS);
	assert_string_equal(h.move[3].from, HISTORY_PUSH);
	assert_true(history_since_ms(&h) == T0);
	history_done(&h);
	/* copied without their times: where it is now comes last all the same */
	d = try_digest("w");
	a = try_name("b");
	assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
	link_time_is(s, "b", "w", T0);
	d = try_digest("x");
	assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
	link_time_is(s, "b", "x", T0);
	is_at(s, "b", T0, "x");
	link_time_is(s, "b", "x", T0 - 5000);
	is_at(s, "b", T0, "x");
}

static void clocks(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct history h;
	struct err e;

	set(s, "a", "x", T0);
	set(s, "a", "y", T0 + 4000 * DAY_MS); /* far ahead */
	set(s, "a", "z", T0 + DAY_MS);	      /* and right again */
	is_at(s, "a", T0 + 1, "x");
	is_at(s, "a", T0 + 2 * DAY_MS, "z");
	is_at(s, "a", T0 + 5000 * DAY_MS, "z");
	set(s, "a", "x", 0);
	is_at(s, "a", 5, "x");
	assert_int_equal(history_read(s, &a, "v1", &h, &e), 0);
	assert_true(history_since_ms(&h) == 0);
	history_done(&h);
}

static void a_full_one(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d[2] = { try_digest("x"), try_digest("y") };
	struct history h = { 0 };
	char from[HISTORY_FROM_MAX];
	struct err e = { 0 };
	int i;

	/* the longest there are: sha512 and a host of 255 bytes */
	digest_of(HASH_SHA512, "x", 1, &d[0]);
	memset(from, 'h', sizeof(from) - 1);
	from[sizeof(from) - 1] = '\0';
	for (i = 0; i < HISTORY_MAX_MOVES - 1; i++)
		history_file_add(&h, T0 + i, &d[i % 2], from);
	assert_int_equal(tag_set(s, &a, "v1", &d[0], &e), 0);
	assert_int_equal(history_file_write(s, &a, "v1", &h, false, &e), 0);
	history_done(&h);
	assert_int_equal(history_file_read(s, &a, "v1", &h, &e), 0);
	assert_int_equal(h.n, HISTORY_MAX_MOVES - 1);
	assert_string_equal(h.move[7].from, from);
	assert_false(h.is_full);
	history_done(&h);
	for (i = 0; i < 3; i++)
		assert_int_equal(history_set(s, &a, "v1", &d[(i + 1) % 2], T0 + 2000 + i,
					     HISTORY_PUSH, &e),
				 0);
	assert_int_equal(history_read(s, &a, "v1", &h, &e), 0);
	assert_int_equal(h.n, HISTORY_MAX_MOVES);
	assert_true(h.is_full);
	assert_true(history_since_ms(&h) == T0 + 2);
	assert_true(h.move[h.n - 1].ms == T0 + 2002);
	history_done(&h);
	assert_int_equal(history_resolve(s, &a, "v1", T0 + 1, &d[0], &e), -1);
	assert_non_null(strstr(e.msg, "is kept since"));
}

static void torn_ones(void **state)
{
#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	static const char *const bad[] = {
		"",
		"\n",
		"12 " D " push",
		"12 " D "\n",
		"12 " D " \n",
		"12 sha256:12 push\n",
		"12 push\n",
		" 12 " D " push\n",
		"-12 " D " push\n",
		"+12 " D " push\n",
		"1x " D " push\n",
		"99999999999999999999 " D " push\n",
		"12  push\n",
		"12 -- push\n",
		"12 " D " push here\n",
		"12 " D " push\n\n",
	};
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x");
	char longer[300 + DIGEST_TEXT_MAX];
	struct history h = { 0 };
	layout_path path;
	struct err e = { 0 };
	size_t i;

	assert_err(history_file_read(s, &a, "v1", &h, &e), e, ERR_NOT_FOUND);
	layout_history(path, &a, "v1");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(note_write(s, path, view_of(bad[i]), false, &e), 0);
		assert_err(history_file_read(s, &a, "v1", &h, &e), e, ERR_CORRUPT);
	}
	snprintf(longer, sizeof(longer), "12 " D " %0*d\n", HISTORY_FROM_MAX, 7);
	assert_int_equal(note_write(s, path, view_of(longer), false, &e), 0);
	assert_err(history_file_read(s, &a, "v1", &h, &e), e, ERR_CORRUPT);
	assert_int_equal(note_write(s, path, VIEW("12 " D " pu\0sh\n"), false, &e), 0);
	assert_err(history_file_read(s, &a, "v1", &h, &e), e, ERR_CORRUPT);
	try_put(s, path, "12 " D " push\n");
	assert_err(history_file_read(s, &a, "v1", &h, &e), e, ERR_CORRUPT);
	assert_int_equal(h.n, 0);
	/* None at all, then; and the next move begins it anew. */
	is_at(s, "a", INT64_MAX, "?");
	assert_int_equal(tag_set(s, &a, "v1", &d, &e), 0);
	link_time_is(s, "a", "x", T0);
	is_at(s, "a", T0, "x");
	set(s, "a", "y", T0 + 1000);
	assert_int_equal(history_file_read(s, &a, "v1", &h, &e), 0);
	assert_int_equal(h.n, 2);
	history_done(&h);
}

static void names(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a"), none = try_name("none");
	struct digest d = try_digest("x");
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(4096);
	struct err e = { 0 };

	assert_err(history_names(s, &none, &out, &e), e, ERR_NOT_FOUND);
	assert_err(history_tags(s, &none, T0, &out, &e), e, ERR_NOT_FOUND);
	set(s, "a", "x", T0 + 1000);
	assert_int_equal(history_set(s, &a, "v0", &d, T0, HISTORY_PUSH, &e), 0);
	assert_int_equal(history_set(s, &a, "v2", &d, T0 + 2000, HISTORY_PUSH, &e), 0);
	assert_int_equal(history_remove(s, &a, "v0", T0 + 1500, HISTORY_DELETE, &e), 0);
	assert_int_equal(tag_remove(s, &a, "v2", &e), 0);
	assert_int_equal(history_names(s, &a, &out, &e), 0);
	assert_int_equal(out.n, 9);
	assert_memory_equal(out.p, "v0\0v1\0v2", 9);
	buf_clear(&out);
	assert_err(history_tags(s, &a, T0 - 1, &out, &e), e, ERR_NOT_FOUND);
	assert_int_equal(history_tags(s, &a, T0 + 1000, &out, &e), 0);
	assert_int_equal(out.n, 6);
	assert_memory_equal(out.p, "v0\0v1", 6);
	buf_clear(&out);
	assert_int_equal(history_tags(s, &a, T0 + 2000, &out, &e), 0);
	assert_memory_equal(out.p, "v1\0v2", 6);
}

static void tidying(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a"), deep = try_name("b/c");
	struct digest x = try_digest("x");
	struct err e;

	set(s, "a", "x", T0);
	set(s, "b/c", "x", T0);
	assert_int_equal(history_tidy(s, T0 + 5000 * DAY_MS), 0); /* they are here */
	/* pruned from a mirror: for a long time yet */
	assert_int_equal(tag_remove(s, &deep, "v1", &e), 0);
	assert_int_equal(history_tidy(s, T0 + HISTORY_TIDY_AFTER_MS), 0);
	assert_int_equal(history_tidy(s, T0 + HISTORY_TIDY_AFTER_MS + 1), 1);
	assert_int_equal(count(s, "b/c"), 0);
	assert_false(try_exists(s, "larder/history/b"));
	/* deleted, but its manifest is here */
	assert_int_equal(link_add(s, LINK_REVISION, &a, &x, false, &e), 0);
	assert_int_equal(history_remove(s, &a, "v1", T0 + 1000, HISTORY_DELETE, &e), 0);
	assert_int_equal(history_tidy(s, T0 + 2000), 0);
	assert_int_equal(link_remove(s, LINK_REVISION, &a, &x, &e), 0);
	assert_int_equal(history_tidy(s, T0 + 2000), 1);
	assert_true(try_exists(s, LAYOUT_HISTORY));
	/* whatever else is there stays */
	try_put(s, "larder/history/x", "");
	try_put(s, "larder/history/UPPER/_tags/v1", "");
	try_put(s, "larder/history/_tags/v1", "");
	try_put(s, "larder/history/a/_tags/+", "");
	assert_int_equal(history_tidy(s, T0 + 5000 * DAY_MS), 0);
}

static int many_moves(struct store *s)
{
	struct reponame a = try_name("a");
	char content[24];
	struct digest d;
	int i;

	for (i = 0; i < 50; i++) {
		snprintf(content, sizeof(content), "%d %d", getpid(), i);
		d = try_digest(content);
		if (history_set(s, &a, i % 2 ? "v1" : "v2", &d, T0 + i, "docker.io",
				NULL) != 0)
			return 1;
	}
	return 0;
}

/* Two processes: no note is lost, but where both moved the same tag at once. */
static void beside(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest at, last;
	struct err e;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(many_moves(s));
	assert_int_equal(many_moves(s), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(count(s, "a") >= 50);
	assert_int_equal(tag_get(s, &a, "v1", &at, &e), 0);
	assert_int_equal(history_resolve(s, &a, "v1", INT64_MAX, &last, &e), 0);
	assert_true(digest_equal(&at, &last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(moves),
		IN_STORE(deletions),
		IN_STORE(crashes),
		IN_STORE(from_links),
		IN_STORE(clocks),
		IN_STORE(a_full_one),
		IN_STORE(torn_ones),
		IN_STORE(names),
		IN_STORE(tidying),
		IN_STORE(beside),
		IN_STORE(unnoted_deletions),
	};

	return cmocka_run_group_tests_name("store/history", tests, NULL, NULL);
}
