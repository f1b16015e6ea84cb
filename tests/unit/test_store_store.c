/* Opening: what is made, what is swept, who holds it, and roots that cannot be. */
#include "unit.h"

#include "store_try.h"
#include "store/layout.h"

#define LEFTOVER LAYOUT_TMP "/0123456789abcdef-0"

static void makes_its_folders(void **state)
{
	struct tmpdir *tmp = *state;
	struct store *s = NULL;
	struct err e;
	char root[100];

	snprintf(root, sizeof(root), "%s/deep/er/", tmp->path);
	assert_int_equal(store_open(root, &s, &e), 0);
	assert_string_equal(s->root, root);
	assert_true(try_exists(s, LAYOUT_TMP));
	assert_true(try_exists(s, LAYOUT_PARTIALS));
	assert_true(try_exists(s, LAYOUT_LOCK));
	store_close(s);
	assert_int_equal(store_open(root, &s, &e), 0); /* again */
	store_close(s);
	store_close(NULL);
}

static void bad_roots(void **state)
{
	struct tmpdir *tmp = *state;
	struct store *s = (struct store *)tmp;
	struct err e = { 0 };
	char root[100];
	int fd = openat(tmp->fd, "file", O_WRONLY | O_CREAT, 0644);

	close(fd);
	snprintf(root, sizeof(root), "%s/file", tmp->path);
	assert_int_equal(store_open(root, &s, &e), -1);
	assert_non_null(strstr(e.msg, root));
	assert_ptr_equal(s, tmp); /* untouched */
	snprintf(root, sizeof(root), "%s/file/below", tmp->path);
	assert_int_equal(store_open(root, &s, &e), -1);
	assert_non_null(strstr(e.msg, root));
	assert_int_equal(store_open("", &s, &e), -1);
	/* A place where even root may make nothing. */
	assert_int_equal(store_open("/proc/larder", &s, &e), -1);
	assert_non_null(strstr(e.msg, "/proc/larder"));
	/* Something else where the folders go. */
	assert_int_equal(fs_mkdirs(tmp->fd, "x/larder/lock", false, &e), 0);
	snprintf(root, sizeof(root), "%s/x", tmp->path);
	assert_int_equal(store_open(root, &s, &e), -1);
	assert_non_null(strstr(e.msg, "larder/lock"));
}

static void leftovers_go(void **state)
{
	struct try *t = *state;
	struct digest d = try_digest("partial");
	layout_path partial;
	struct err e;

	layout_partial(partial, &d);
	try_put(t->s, LEFTOVER, "of a process that died");
	try_put(t->s, LAYOUT_TMP "/2", "");
	try_put(t->s, partial, "part");
	assert_int_equal(fs_mkdirs(t->s->dirfd, LAYOUT_TMP "/folder", false, &e), 0);
	store_close(t->s);
	assert_int_equal(store_open(t->tmp->path, &t->s, &e), 0);
	assert_int_equal(try_count(t->s, LAYOUT_TMP), 0);
	assert_true(try_holds(t->s, partial, "part"));
}

/* In another process: open the same root anew, and say whether the leftover is there
 * then. */
static int opens_too(struct store *s)
{
	struct store *own;
	struct err e;

	if (store_open(s->root, &own, &e) != 0)
		return 2;
	return try_exists(own, LEFTOVER);
}

static int nothing(struct store *s)
{
	return 0;
}

static void leftovers_stay_while_another_has_it_open(void **state)
{
	struct try *t = *state;
	struct err e;

	try_put(t->s, LEFTOVER, "being written by us");
	assert_int_equal(try_beside(opens_too, t->s), 1);
	assert_true(try_exists(t->s, LEFTOVER));
	/* A child that never opened it does not count as a holder once it has gone. */
	assert_int_equal(try_beside(nothing, t->s), 0);
	store_close(t->s);
	assert_int_equal(store_open(t->tmp->path, &t->s, &e), 0);
	assert_false(try_exists(t->s, LEFTOVER));
}

/* The lock goes with the process, however it ends. */
static int dies_with_it_open(struct store *s)
{
	struct store *own;
	struct err e;

	if (store_open(s->root, &own, &e) != 0)
		return 2;
	try_put(own, LEFTOVER, "half");
	return 0;
}

static void a_dead_process_holds_nothing(void **state)
{
	struct try *t = *state;
	struct err e;

	assert_int_equal(try_beside(dies_with_it_open, t->s), 0);
	assert_true(try_exists(t->s, LEFTOVER));
	store_close(t->s);
	assert_int_equal(store_open(t->tmp->path, &t->s, &e), 0);
	assert_false(try_exists(t->s, LEFTOVER));
}

/* Looking makes nothing, and does not count as using. */
static void looks_only(void **state)
{
	struct tmpdir *tmp = *state;
	struct store *s, *own;
	struct err e = { 0 };
	char path[600];

	assert_err(store_look(tmp->path, &s, &e), e, ERR_NOT_FOUND);
	snprintf(path, sizeof(path), "%s/none", tmp->path);
	assert_err(store_look(path, &s, &e), e, ERR_NOT_FOUND);
	assert_int_equal(access(path, F_OK), -1);

	assert_int_equal(store_open(tmp->path, &own, &e), 0);
	assert_int_equal(store_look(tmp->path, &s, &e), 0);
	assert_true(store_in_use(s));
	store_close(own);
	assert_false(store_in_use(s));
	assert_int_equal(store_open(tmp->path, &own, &e), 0);
	assert_true(store_in_use(s));
	store_close(own);
	assert_false(store_in_use(s));
	store_close(s);
}

#define IN_TMPDIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(makes_its_folders),
		IN_TMPDIR(bad_roots),
		IN_TMPDIR(looks_only),
		IN_STORE(leftovers_go),
		IN_STORE(leftovers_stay_while_another_has_it_open),
		IN_STORE(a_dead_process_holds_nothing),
	};

	return cmocka_run_group_tests_name("store/store", tests, NULL, NULL);
}
