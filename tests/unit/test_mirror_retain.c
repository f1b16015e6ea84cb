/* What rules keep: the newest, what was used, what is held; each in its own repositories.
 */
#include "unit.h"

#include "inventory_try.h"

#include "mirror/retain.h"

#define DAY INT64_C(86400000)

static struct digest put(struct store *s, const char *repo, const char *tag,
			 int64_t ago_ms)
{
	struct timespec at[2];
	struct digest d = put_image(s, repo, tag, AMD64, repo, tag, true);
	struct reponame name = try_name(repo);
	layout_path path;
	int64_t ms = clock_wall_ms() - ago_ms;

	at[0] = at[1] = (struct timespec){ .tv_sec = ms / 1000 };
	layout_revision(path, &name, &d);
	assert_int_equal(utimensat(s->dirfd, path, at, 0), 0);
	return d;
}

static bool has(struct store *s, const char *repo, const char *tag)
{
	struct reponame name = try_name(repo);
	struct digest d;

	return tag_get(s, &name, tag, &d, NULL) == 0 &&
	       link_exists(s, LINK_REVISION, &name, &d);
}

static uint64_t run(struct store *s, const struct retain_rule *rule, size_t n)
{
	struct retain_ask ask = { .rule = rule, .nrules = n };
	struct retained out = { 99, 99 };
	struct err e;

	ask.what.store = s;
	ask.what.plan = plan();
	assert_int_equal(retain_run(&ask, &out, &e), 0);
	plan_unref(ask.what.plan);
	return out.images;
}

static void fill(struct store *s, const char *repo)
{
	put(s, repo, "a", 10 * DAY);
	put(s, repo, "b", 20 * DAY);
	put(s, repo, "c", 30 * DAY);
	put(s, repo, "d", 40 * DAY);
}

static void the_last_ones(void **state)
{
	const struct retain_rule rule = { "docker.io/library/x", false, 3, 0 };
	struct store *s = try_store(state);

	fill(s, "library/x");
	fill(s, "library/y");
	assert_int_equal(run(s, &rule, 1), 1);
	assert_false(has(s, "library/x", "d"));
	assert_true(has(s, "library/x", "c"));
	assert_true(has(s, "library/y", "d")); /* no pattern matches it */
	assert_int_equal(run(s, &rule, 1), 0);
}

static void what_was_used(void **state)
{
	const struct retain_rule rule = { "docker.io/**", false, 0, 25 * DAY };
	struct store *s = try_store(state);

	fill(s, "library/x");
	put(s, "library/pinned", "1", 100 * DAY);
	assert_int_equal(run(s, &rule, 1), 2);
	assert_true(has(s, "library/x", "a"));
	assert_true(has(s, "library/x", "b"));
	assert_true(has(s, "library/pinned", "1"));
}

/* Any of a pattern's rules is enough to stay; the first pattern decides. */
static void together(void **state)
{
	const struct retain_rule rule[] = {
		{ "docker.io/library/x:d", false, 0, 100 * DAY },
		{ "docker.io/library/x", false, 2, 5 * DAY },
		{ "docker.io/**", false, 1, 25 * DAY },
	};
	struct store *s = try_store(state);

	fill(s, "library/x");
	fill(s, "library/y");
	assert_int_equal(run(s, rule, 3), 3);
	assert_true(has(s, "library/x", "a"));
	assert_true(has(s, "library/x", "b"));
	assert_false(has(s, "library/x", "c"));
	assert_true(has(s, "library/x", "d"));
	assert_true(has(s, "library/y", "b"));
	assert_false(has(s, "library/y", "c"));
	assert_false(has(s, "library/y", "d"));
}

static void local_ones_on_purpose(void **state)
{
	const struct retain_rule rule[] = {
		{ "**", false, 1, 0 },
		{ "quay.io/**", false, 1, 0 },
		{ "team/x", true, 1, 0 },
	};
	struct store *s = try_store(state);

	fill(s, "team/x");
	fill(s, "team/y");
	fill(s, "quay.io/q/x");
	assert_int_equal(run(s, rule, 1), 3); /* "**" is over host/name */
	assert_false(has(s, "quay.io/q/x", "b"));
	assert_int_equal(run(s, rule + 1, 2), 3);
	assert_true(has(s, "team/x", "a"));
	assert_false(has(s, "team/x", "b"));
	assert_true(has(s, "team/y", "d"));
}

/* A tag that is just being set has its folder before it can be read. */
static void not_what_is_being_made(void **state)
{
	const struct retain_rule rule = { "docker.io/library/x", false, 1, 5 * DAY };
	struct store *s = try_store(state);
	struct reponame name = try_name("library/x");
	layout_path path;

	fill(s, "library/x");
	layout_tag_folder(path, &name, "new");
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
	assert_int_equal(run(s, &rule, 1), 4);
	assert_true(try_exists(s, path));
}

static void many(void **state)
{
	const struct retain_rule rule = { "docker.io/library/x", false, 5, 0 };
	struct store *s = try_store(state);
	struct reponame name = try_name("library/x");
	struct digest d = put(s, "library/x", "first", 10 * DAY);
	char tag[16];
	int i;

	for (i = 0; i < 1200; i++) {
		snprintf(tag, sizeof(tag), "t%d", i);
		assert_int_equal(tag_set(s, &name, tag, &d, NULL), 0);
	}
	assert_int_equal(run(s, &rule, 1), 1196);
	assert_true(has(s, "library/x", "t999")); /* of the same time, by name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(the_last_ones),
		IN_STORE(what_was_used),
		IN_STORE(together),
		IN_STORE(local_ones_on_purpose),
		IN_STORE(not_what_is_being_made),
		IN_STORE(many),
	};

	return cmocka_run_group_tests_name("mirror/retain", tests, NULL, NULL);
}
