/* Error values: kinds from errno, context, and messages longer than there is room for. */
#include "unit.h"

#include <errno.h>

static void set_fills_and_is_minus_one(void **state)
{
	struct err e = { .errnum = 5, .retry_after_s = 9 };

	assert_int_equal(err_set(&e, ERR_DENIED, "no %s for %d", "key", 7), -1);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_int_equal(e.errnum, 0);
	assert_int_equal(e.retry_after_s, 0);
	assert_string_equal(e.msg, "no key for 7");
}

static void nobody_listens(void **state)
{
	errno = ENOENT;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_errno(NULL, "x"), -1);
	assert_int_equal(err_add(NULL, "x"), -1);
	assert_int_equal(errno, ENOENT);
}

static void kinds_follow_errno(void **state)
{
	static const struct {
		int errnum;
		enum err_kind kind;
	} rows[] = {
		{ ENOENT, ERR_NOT_FOUND }, { ENOTDIR, ERR_NOT_FOUND },
		{ ENOSPC, ERR_NO_SPACE },  { EDQUOT, ERR_NO_SPACE },
		{ EACCES, ERR_DENIED },	   { EPERM, ERR_DENIED },
		{ EROFS, ERR_DENIED },	   { EIO, ERR_IO },
		{ EMFILE, ERR_IO },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		errno = rows[i].errnum;
		assert_int_equal(err_errno(&e, "open %s", "f"), -1);
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(e.errnum, rows[i].errnum);
		assert_int_equal(errno, rows[i].errnum);
		assert_int_equal(strncmp(e.msg, "open f: ", 8), 0);
		assert_true(strlen(e.msg) > 8);
	}
}

static void context_goes_in_front(void **state)
{
	struct err e;

	err_set(&e, ERR_CORRUPT, "bad");
	assert_int_equal(err_add(&e, "blob %d", 3), -1);
	assert_int_equal(err_add(&e, "pull"), -1);
	assert_string_equal(e.msg, "pull: blob 3: bad");
	assert_int_equal(e.kind, ERR_CORRUPT);
}

static void long_messages_are_cut(void **state)
{
	char *longer = unit_repeat('x', 2 * sizeof(((struct err *)0)->msg));
	struct err e;
	int i;

	err_set(&e, ERR_IO, "%s", longer);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	for (i = 0; i < 5; i++) {
		err_add(&e, "%s", longer);
		assert_true(strlen(e.msg) < sizeof(e.msg));
	}
	errno = EIO;
	err_errno(&e, "%s", longer);
	assert_non_null(strstr(e.msg, strerror(EIO))); /* the cause survives */
	test_free(longer);
}

/* What a peer said may not steer the terminal that it ends up on. */
static void no_control_characters(void **state)
{
	struct err e;

	err_set(&e, ERR_UPSTREAM, "it says %s", "a\033[2Jb\r\n\tc\177");
	assert_string_equal(e.msg, "it says a?[2Jb   c?");
	err_set(&e, ERR_UPSTREAM, "%s", "\xc2\x9b 31m \x9b 31m");
	assert_string_equal(e.msg, "?? 31m ? 31m");
	err_set(&e, ERR_UPSTREAM, "%s", "J\xc3\xb6rg \xc3\x9f"); /* a name of a file */
	assert_string_equal(e.msg, "J\xc3\xb6rg \xc3\x9f");
	err_add(&e, "%s", "\033]0;x\007");
	assert_null(strpbrk(e.msg, "\033\007"));
	errno = EIO;
	err_errno(&e, "%s", "a\nb");
	assert_null(strchr(e.msg, '\n'));
}

static void every_kind_has_a_word(void **state)
{
	int kind;

	for (kind = ERR_NONE; kind <= ERR_CANCELLED; kind++)
		assert_true(strlen(err_word((enum err_kind)kind)) > 0);
	assert_string_equal(err_word(ERR_NO_SPACE), "no_space");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_and_is_minus_one),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(kinds_follow_errno),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(no_control_characters),
		cmocka_unit_test(every_kind_has_a_word),
	};

	return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
