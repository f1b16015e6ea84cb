/* What stands between our comments: found, taken out, replaced. */
#include "unit.h"

#include "base/mem.h"
#include "clients/block.h"

#define B "# begin larder x\n"
#define E "# end larder\n"

static void strips(const char *text, const char *want, size_t n)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct err e;
	size_t found;

	assert_int_equal(block_strip(view_of(text), &out, &found, &e), 0);
	assert_string_equal(buf_str(&out), want);
	assert_int_equal(found, n);
}

static void stripped(void **state)
{
	strips("", "", 0);
	strips("a\nb", "a\nb", 0);
	strips(B E, "", 1);
	strips("a\n" B "x\n" E "b", "a\nb", 1);
	strips("a\n  " B "x\n\t" E "b\n" B E "c\n", "a\nb\nc\n", 2);
	strips(B "x\n# end larder", "", 1);
	strips("a # begin larder\n", "a # begin larder\n", 0);
	strips("# begin larder\r\nx\r\n# end larder\r\ny\r\n", "y\r\n", 1);
}

static void broken(void **state)
{
	static const char *const rows[] = { B, "a\n" B "x\n", E, B B E, B E E };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct err e = { 0 };
	size_t found;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_err(block_strip(view_of(rows[i]), &out, &found, &e), e,
			   ERR_INVALID);
}

static void puts_block(const char *text, size_t place, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);

	assert_int_equal(block_put(view_of(text), place, VIEW(B "new\n" E), &out, NULL),
			 0);
	assert_string_equal(buf_str(&out), want);
}

static void put(void **state)
{
	CLEANUP(buf_done)
	struct buf small = BUF_INIT(10);
	struct err e = { 0 };

	puts_block("", 0, B "new\n" E);
	puts_block("a\nb\n", 2, "a\n" B "new\n" E "b\n");
	puts_block("a", 1, "a\n" B "new\n" E);
	puts_block("a\n" B "old\n" E "b\n", 0, "a\n" B "new\n" E "b\n");
	assert_err(block_put(VIEW(""), 0, VIEW(B E), &small, &e), e, ERR_LIMIT);
	assert_err(block_put(VIEW(B E B E), 0, VIEW(B E), &small, &e), e, ERR_INVALID);
	assert_err(block_put(VIEW(B E B), 0, VIEW(B E), &small, &e), e, ERR_INVALID);
}

static void wrapped(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);

	assert_int_equal(block_wrap(&out, "k3s", "  ", VIEW("a\n\n  b\n")), 0);
	assert_string_equal(buf_str(&out), "  # begin larder (written by \"larder setup "
					   "k3s\"; --undo takes it out)\n"
					   "  a\n\n    b\n  # end larder\n");
	strips(buf_str(&out), "", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stripped),
		cmocka_unit_test(broken),
		cmocka_unit_test(put),
		cmocka_unit_test(wrapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
