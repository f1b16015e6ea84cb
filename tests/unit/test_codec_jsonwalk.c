/* An object of objects, however its bytes come. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/jsonwalk.h"

struct feed {
	const char *text;
	size_t n, at, step;
	bool broken;
	const char *skip; /* this outer member is not wanted */
	struct buf got;
	size_t stop_after; /* 0: never */
};

static int on_read(void *arg, void *p, size_t room, size_t *n, struct err *e)
{
	struct feed *f = arg;

	if (f->broken && f->at > 10)
		return err_set(e, ERR_IO, "no more");
	*n = f->n - f->at < f->step ? f->n - f->at : f->step;
	if (*n > room)
		*n = room;
	memcpy(p, f->text + f->at, *n);
	f->at += *n;
	return 0;
}

static bool on_want(void *arg, const char *outer)
{
	struct feed *f = arg;

	return f->skip == NULL || strcmp(outer, f->skip) != 0;
}

static int on_member(void *arg, const char *outer, const char *key, struct view value,
		     struct err *e)
{
	struct feed *f = arg;

	buf_addf(&f->got, "%s.%s=%.*s;", outer, key, value.n > 40 ? 3 : (int)value.n,
		 value.p);
	if (f->stop_after > 0 && --f->stop_after == 0)
		return err_set(e, ERR_LIMIT, "enough");
	return 0;
}

static int walk(struct feed *f, size_t *passed_over, struct err *e)
{
	struct jsonwalk w = {
		.read = on_read, .want = on_want, .member = on_member, .arg = f
	};
	int rc = jsonwalk_run(&w, e);

	if (passed_over != NULL)
		*passed_over = w.passed_over;
	return rc;
}

static void gives(const char *text, const char *skip, const char *want, size_t passed)
{
	static const size_t steps[] = { 1, 2, 7, 65536 };
	size_t i, over;

	for (i = 0; i < ARRAY_LEN(steps); i++) {
		struct feed f = { text, strlen(text),	 0, steps[i], false,
				  skip, BUF_INIT(65536), 0 };
		struct err e = { 0 };

		assert_int_equal(walk(&f, &over, &e), 0);
		assert_string_equal(buf_str(&f.got), want);
		assert_int_equal(over, passed);
		buf_done(&f.got);
	}
}

static void refuses(const char *text)
{
	struct feed f = { text, strlen(text), 0, 3, false, NULL, BUF_INIT(65536), 0 };
	struct err e = { 0 };

	assert_int_equal(walk(&f, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	buf_done(&f.got);
}

static void members(void **state)
{
	gives("{}", NULL, "", 0);
	gives(" { \"a\" : { } , \"b\":{}}\n", NULL, "", 0);
	gives("{\"a\":{\"x\":1,\"y\":[1,{\"z\":2}]},\"b\":{\"x\":\"}\\\"]\"}}", NULL,
	      "a.x=1;a.y=[1,{\"z\":2}];b.x=\"}\\\"]\";", 0);
	gives("{\"a\":{\"x\": true , \"y\": null},\"b\":{\"x\":-1.5e3}}", NULL,
	      "a.x=true;a.y=null;b.x=-1.5e3;", 0);
}

static void what_is_not_wanted(void **state)
{
	gives("{\"a\":{\"x\":{\"}\":[\"]\"]}},\"b\":{\"x\":2}}", "a", "b.x=2;", 0);
	gives("{\"a\":1,\"b\":[{}],\"c\":\"{\",\"d\":{\"x\":2}}", NULL, "d.x=2;", 3);
	gives("{\"a\\u0041\":{\"x\":1},\"d\":{\"x\\n\":1,\"y\":2}}", NULL, "d.y=2;", 2);
}

static void damage(void **state)
{
	static const char whole[] = "{\"a\":{\"x\":[1,\"s\"],\"y\":{}},\"b\":{\"x\":2}}";
	char cut[sizeof(whole)];
	size_t i;

	for (i = 0; i + 1 < sizeof(whole) - 1; i++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)i, whole);
		refuses(cut);
	}
	refuses("[]");
	refuses("{\"a\":{\"x\":1}} {}");
	refuses("{\"a\":{\"x\":1},}");
	refuses("{\"a\":{\"x\" 1}}");
	refuses("{\"a\":{\"x\":}}");
	refuses("{\"a\":{\"x\":1 \"y\":2}}");
	refuses("{\"a\":}");
	refuses("{a:{}}");
	refuses("{\"a\":{\"x\":]}}");
}

static void limits(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(4u << 20);
	struct feed f = { .step = 65536, .got = BUF_INIT(65536) };
	size_t over, i;
	struct err e = { 0 };

	buf_adds(&text, "{\"a\":{\"full\":\"");
	for (i = 0; i < JSONWALK_MAX_VALUE - 2; i++)
		buf_adds(&text, "s");
	buf_adds(&text, "\",\"over\":\"");
	for (i = 0; i < JSONWALK_MAX_VALUE - 1; i++)
		buf_adds(&text, "s");
	buf_adds(&text, "\",\"");
	for (i = 0; i < JSONWALK_MAX_KEY; i++)
		buf_adds(&text, "k");
	buf_adds(&text, "\":1,\"k");
	for (i = 0; i < JSONWALK_MAX_KEY; i++)
		buf_adds(&text, "k");
	buf_adds(&text, "\":1,\"last\":2}}");
	f.text = text.p;
	f.n = text.n;
	assert_int_equal(walk(&f, &over, &e), 0);
	assert_int_equal(over, 2);
	assert_non_null(strstr(buf_str(&f.got), "a.full=\"ss;a.kkk"));
	assert_non_null(strstr(buf_str(&f.got), "a.last=2;"));
	assert_null(strstr(buf_str(&f.got), "over"));
	buf_done(&f.got);
}

/* However deep: nothing recurses. */
static void depth(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(4u << 20);
	struct feed f = { .step = 65536, .got = BUF_INIT(65536), .skip = "a" };
	struct err e = { 0 };
	size_t i;

	buf_adds(&text, "{\"a\":{\"x\":");
	for (i = 0; i < 1000000; i++)
		buf_adds(&text, "[");
	for (i = 0; i < 1000000; i++)
		buf_adds(&text, "]");
	buf_adds(&text, "},\"b\":{\"x\":1}}");
	f.text = text.p;
	f.n = text.n;
	assert_int_equal(walk(&f, NULL, &e), 0);
	assert_string_equal(buf_str(&f.got), "b.x=1;");
	buf_done(&f.got);
}

static void an_end_before_the_end(void **state)
{
	static const char text[] = "{\"a\":{\"x\":1,\"y\":2}}";
	struct feed f = { text, strlen(text), 0, 4, true, NULL, BUF_INIT(65536), 0 };
	struct feed g = { text, strlen(text), 0, 4, false, NULL, BUF_INIT(65536), 1 };
	struct err e = { 0 };

	assert_int_equal(walk(&f, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_int_equal(walk(&g, NULL, &e), -1);
	assert_string_equal(e.msg, "enough");
	assert_string_equal(buf_str(&g.got), "a.x=1;");
	buf_done(&f.got);
	buf_done(&g.got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members), cmocka_unit_test(what_is_not_wanted),
		cmocka_unit_test(damage),  cmocka_unit_test(limits),
		cmocka_unit_test(depth),   cmocka_unit_test(an_end_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
