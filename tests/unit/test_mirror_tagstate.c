/* What is known of tags: the disk's word on where, the memory's on when. */
#include "unit.h"

#include "base/clock.h"
#include "mirror/tagstate.h"
#include "store/layout.h"
#include "store/tag.h"
#include "store_try.h"

static bool is_at(struct tagstates *t, const char *tag, const char *content,
		  struct tagstate *out)
{
	struct reponame a = try_name("a");
	struct digest d = try_digest(content);

	return tagstate_get(t, &a, tag, out) && digest_equal(&out->digest, &d);
}

static void checked(struct tagstates *t, const char *tag, const char *content,
		    bool unsaved)
{
	struct reponame a = try_name("a");
	struct tagstate now = { try_digest(content), clock_wall_ms(), 0 };

	tagstate_checked(t, &a, tag, &now, unsaved, "docker.io");
}

static void checks_are_remembered(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms(), noted;
	struct digest d;
	struct tagstate st;

	assert_false(tagstate_get(t, &a, "v1", &st));
	checked(t, "v1", "x", false);
	assert_true(is_at(t, "v1", "x", &st));
	assert_true(st.checked_wall_ms >= wall && st.checked_mono_ms >= mono);
	assert_int_equal(tag_get(s, &a, "v1", &d, NULL), 0);
	assert_true(digest_equal(&d, &st.digest));
	assert_int_equal(tag_check_get(s, &a, "v1", &d, &noted, NULL), 0);
	assert_int_equal(noted, st.checked_wall_ms);
	checked(t, "v1", "y", false); /* it moved */
	assert_true(is_at(t, "v1", "y", &st));
	assert_false(tagstate_get(t, &a, "v2", &st));
	tagstates_free(t);
	tagstates_free(NULL);
}

static void what_is_settled(void **state)
{
	const struct platform any = { .os = "" }, amd = { "linux", "amd64", "" },
			      arm = { "linux", "arm64", "" },
			      odd = { "0123456789", "0123456789", "" };
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct digest x = try_digest("x"), y = try_digest("y");
	struct platform more = { "linux", "m", "" };

	tagstate_settle(t, &a, "v1", &x, &any); /* nothing is known of it */
	checked(t, "v1", "x", false);
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &any));
	tagstate_settle(t, &a, "v1", &x, &amd);
	tagstate_settle(t, &a, "v1", &y, &arm); /* not what it is at */
	tagstate_settle(t, &a, "v1", &x, &odd);
	assert_true(tagstate_is_settled(t, &a, "v1", &x, &amd));
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &arm));
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &any));
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &odd));
	assert_false(tagstate_is_settled(t, &a, "v1", &y, &amd));
	checked(t, "v1", "x", false); /* it stays */
	assert_true(tagstate_is_settled(t, &a, "v1", &x, &amd));
	for (more.arch[0] = 'm'; more.arch[0] < 'r'; more.arch[0]++)
		tagstate_settle(t, &a, "v1", &x, &more);
	assert_true(tagstate_is_settled(t, &a, "v1", &x, &amd));
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &more));
	checked(t, "v1", "y", false);
	assert_false(tagstate_is_settled(t, &a, "v1", &y, &amd));
	checked(t, "v1", "x", false);
	assert_false(tagstate_is_settled(t, &a, "v1", &x, &amd));
	tagstates_free(t);
}

static void after_a_restart(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	int64_t wall = clock_wall_ms();
	struct tagstate st;

	checked(t, "v1", "x", false);
	tagstates_free(t);
	t = tagstates_new(s);
	assert_true(is_at(t, "v1", "x", &st));
	assert_true(st.checked_wall_ms >= wall);
	assert_int_equal(st.checked_mono_ms, 0); /* not by this one */
	tagstates_free(t);
}

/* The note is of another digest, or unreadable, or not there: no time is known. */
static void notes_that_do_not_fit(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct digest x = try_digest("x"), y = try_digest("y");
	struct reponame a = try_name("a");
	struct tagstate st;
	layout_path path;

	assert_int_equal(tag_set(s, &a, "v1", &x, NULL), 0);
	assert_true(is_at(t, "v1", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	assert_int_equal(tag_set(s, &a, "v2", &x, NULL), 0);
	assert_int_equal(tag_check_set(s, &a, "v2", &y, 1000, NULL), 0);
	assert_true(is_at(t, "v2", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	assert_int_equal(tag_set(s, &a, "v3", &x, NULL), 0);
	layout_tag_check(path, &a, "v3");
	try_put(s, path, "nonsense");
	assert_true(is_at(t, "v3", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	tagstates_free(t);
}

static int moves_the_tag(struct store *s)
{
	struct tagstates *t = tagstates_new(s);

	checked(t, "v1", "y", false);
	tagstates_free(t);
	return 0;
}

static int removes_the_tag(struct store *s)
{
	struct reponame a = try_name("a");
	layout_path path;

	layout_tag(path, &a, "v1");
	return fs_unlink(s->dirfd, path, NULL);
}

static void another_process(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct tagstate st;

	checked(t, "v1", "x", false);
	assert_int_equal(try_beside(moves_the_tag, s), 0);
	assert_true(is_at(t, "v1", "y", &st));
	assert_true(st.checked_wall_ms > 0); /* its note tells */
	assert_int_equal(st.checked_mono_ms, 0);
	assert_int_equal(try_beside(removes_the_tag, s), 0);
	assert_false(tagstate_get(t, &a, "v1", &st));
	checked(t, "v1", "y", false);
	assert_true(is_at(t, "v1", "y", &st));
	tagstates_free(t);
}

static void torn_link(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct tagstate st;
	layout_path path;

	layout_tag(path, &a, "v1");
	try_put(s, path, "");
	assert_false(tagstate_get(t, &a, "v1", &st));
	checked(t, "v1", "x", false);
	assert_true(is_at(t, "v1", "x", &st));
	try_put(s, path, "sha256:12");
	assert_false(tagstate_get(t, &a, "v1", &st));
	checked(t, "v1", "x", false);
	assert_true(is_at(t, "v1", "x", &st));
	tagstates_free(t);
}

/* The manifest is in memory only, so the disk must not say that the tag is there. */
static void unsaved(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct tagstate st;
	struct digest d, x = try_digest("x");

	checked(t, "new", "y", true);
	assert_true(is_at(t, "new", "y", &st));
	assert_true(st.checked_mono_ms > 0);
	assert_int_equal(tag_get(s, &a, "new", &d, NULL), -1);
	checked(t, "old", "x", false);
	checked(t, "old", "y", true);
	assert_true(is_at(t, "old", "y", &st));
	assert_int_equal(tag_get(s, &a, "old", &d, NULL), 0);
	assert_true(digest_equal(&d, &x)); /* after a restart, the old copy */
	checked(t, "old", "y", false);	   /* there is room again */
	assert_true(is_at(t, "old", "y", &st));
	assert_int_equal(tag_get(s, &a, "old", &d, NULL), 0);
	assert_false(digest_equal(&d, &x));
	tagstates_free(t);
	t = tagstates_new(s);
	assert_false(tagstate_get(t, &a, "new", &st));
	assert_true(is_at(t, "old", "y", &st));
	tagstates_free(t);
}

static void a_disk_that_refuses(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct tagstate st;
	layout_path path;

	log_setup(LOG_ERROR, LOG_TEXT);
	layout_tag(path, &a, "v1");
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
	checked(t, "v1", "x", false);
	assert_true(is_at(t, "v1", "x", &st)); /* known all the same */
	layout_tag_check(path, &a, "v2");
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
	checked(t, "v2", "x", false); /* only the note */
	assert_true(is_at(t, "v2", "x", &st));
	assert_true(st.checked_mono_ms > 0);
	tagstates_free(t);
	t = tagstates_new(s);
	assert_true(is_at(t, "v2", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	tagstates_free(t);
}

static void limit(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct tagstate st;
	char tag[16];
	int i;

	checked(t, "saved", "x", false);
	for (i = 1; i < 16384; i++) {
		snprintf(tag, sizeof(tag), "t%d", i);
		checked(t, tag, "x", true);
	}
	assert_true(is_at(t, "t1", "x", &st));
	assert_true(is_at(t, "saved", "x", &st));
	assert_true(st.checked_mono_ms > 0);
	checked(t, "one-more", "x", true);
	assert_true(is_at(t, "one-more", "x", &st));
	assert_false(is_at(t, "t1", "x", &st));
	assert_true(is_at(t, "saved", "x", &st)); /* read again */
	assert_true(st.checked_wall_ms > 0);
	assert_int_equal(st.checked_mono_ms, 0);
	tagstates_free(t);
}

/* By a lock: it is there, and nobody has compared it. */
static void locked(void **state)
{
	struct store *s = try_store(state);
	struct tagstates *t = tagstates_new(s);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x"), at;
	struct tagstate st;

	checked(t, "v1", "y", false);
	tagstate_locked(t, &a, "v1", &d, false);
	assert_true(is_at(t, "v1", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	assert_int_equal(st.checked_mono_ms, 0);
	assert_int_equal(tag_get(s, &a, "v1", &at, NULL), 0);
	assert_true(digest_equal(&at, &d));
	tagstates_free(t);
	/* Nor does a note of before say so to the next process. */
	t = tagstates_new(s);
	assert_true(is_at(t, "v1", "x", &st));
	assert_int_equal(st.checked_wall_ms, 0);
	tagstates_free(t);
}

static void fresh_or_not(void **state)
{
	const struct tag_policy hour = { TAG_AGE, 3600000 }, always = { TAG_ALWAYS, 0 },
				pinned = { TAG_PINNED, 0 };
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms();
	struct tagstate never = { 0 },
			now = { .checked_wall_ms = wall, .checked_mono_ms = mono };
	struct tagstate old = { .checked_wall_ms = wall - 7200000 };
	struct tagstate ahead = { .checked_wall_ms = wall + 7200000 };

	assert_false(tagstate_is_fresh(&never, hour, mono, false));
	assert_true(tagstate_is_fresh(&never, pinned, mono, true));
	assert_true(tagstate_is_fresh(&now, hour, mono + 1, false));
	assert_false(tagstate_is_fresh(&now, hour, mono + 1, true));
	assert_true(tagstate_is_fresh(&now, always, mono, true)); /* since it came */
	assert_false(tagstate_is_fresh(&now, always, mono + 1, false));
	assert_false(tagstate_is_fresh(&old, hour, mono, false));
	assert_false(tagstate_is_fresh(&ahead, hour, mono, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(checks_are_remembered),
		IN_STORE(what_is_settled),
		IN_STORE(after_a_restart),
		IN_STORE(notes_that_do_not_fit),
		IN_STORE(another_process),
		IN_STORE(torn_link),
		IN_STORE(unsaved),
		IN_STORE(a_disk_that_refuses),
		IN_STORE(limit),
		IN_STORE(locked),
		cmocka_unit_test(fresh_or_not),
	};

	return cmocka_run_group_tests_name("mirror/tagstate", tests, NULL, NULL);
}
