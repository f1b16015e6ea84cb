/* JSON written piece by piece. */
#include "unit.h"

#include "base/mem.h"
#include "codec/jsonout.h"

static void write(struct jsonout *j)
{
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "a", "x\"\n");
	jsonout_text(j, "n", NULL);
	jsonout_open(j, "list", '[');
	jsonout_close(j, ']');
	jsonout_open(j, "more", '[');
	jsonout_number(j, NULL, UINT64_MAX);
	jsonout_open(j, NULL, '{');
	jsonout_close(j, '}');
	jsonout_bool(j, NULL, true);
	jsonout_raw(j, NULL, "[1,2]");
	jsonout_close(j, ']');
	jsonout_bool(j, "b", false);
	jsonout_close(j, '}');
}

static const char want[] = "{\"a\":\"x\\\"\\u000a\",\"n\":null,\"list\":[],\"more\":["
			   "18446744073709551615,{},true,[1,2]],\"b\":false}";

static void all_kinds(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct jsonout j = { .to = &out };

	write(&j);
	assert_int_equal(jsonout_end(&j), 0);
	assert_string_equal(buf_str(&out), want);
}

/* Whatever does not fit, nothing comes after it. */
static void limits(void **state)
{
	size_t n;

	for (n = 0; n < sizeof(want) - 1; n++) {
		struct buf out = BUF_INIT(n);
		struct jsonout j = { .to = &out };

		write(&j);
		assert_int_equal(jsonout_end(&j), -1);
		assert_memory_equal(buf_str(&out), want, out.n);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
