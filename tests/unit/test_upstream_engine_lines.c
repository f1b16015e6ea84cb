/*
 * test_upstream_engine_lines.c - an engine's JSON lines, in pieces of any size.
 */
#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/engine_lines.h"

static const char good[] =
	"{\"status\":\"Pulling from library/x\",\"id\":\"1\"}\r\n"
	"{\"status\":\"Downloading\",\"progressDetail\":{},\"id\":\"ab\"}\r\n"
	"\r\nnonsense\n[1]\n"
	"{\"status\":\"Digest: sha256:12\"}\r\n"
	"{\"stream\":\"Loaded image: x:1\\n\"}\n"
	"{\"stream\":\"a\\u001b[31mb\"}";

static void says(void **state)
{
	size_t step, i, n = sizeof(good) - 1;

	for (step = 1; step <= n; step++) {
		CLEANUP(buf_done)
		struct buf said = BUF_INIT(1000);
		CLEANUP(engine_lines_done)
		struct engine_lines l;

		engine_lines_init(&l, &said);
		for (i = 0; i < n; i += step)
			assert_int_equal(engine_lines_feed(&l, good + i,
							   n - i < step ? n - i : step,
							   NULL),
					 0);
		assert_int_equal(engine_lines_end(&l, NULL), 0);
		assert_string_equal(buf_str(&said), "Digest: sha256:12\n"
						    "Loaded image: x:1\na [31mb\n");
	}
}

static enum err_kind failure(const char *text, char msg[480])
{
	CLEANUP(engine_lines_done)
	struct engine_lines l;
	struct err e = { 0 };

	engine_lines_init(&l, NULL);
	assert_int_equal(engine_lines_feed(&l, text, strlen(text), NULL), 0);
	assert_int_equal(engine_lines_end(&l, &e), -1);
	memcpy(msg, e.msg, sizeof(e.msg));
	return e.kind;
}

static void fails(void **state)
{
	char msg[480];

	assert_int_equal(
		failure("{\"errorDetail\":{\"message\":\"first\"},\"error\":\"x\"}\n"
			"{\"error\":\"second\"}\n{\"status\":\"more\"}\n",
			msg),
		ERR_UPSTREAM);
	assert_string_equal(msg, "first");
	assert_int_equal(failure("{\"error\":\"No Space Left on device\\n\"}", msg),
			 ERR_NO_SPACE);
	assert_string_equal(msg, "No Space Left on device ");
	assert_int_equal(failure("{\"error\":\"toomanyrequests: x\"}", msg), ERR_BUSY);
	assert_int_equal(failure("{\"error\":\"manifest unknown\"}", msg), ERR_NOT_FOUND);
	assert_int_equal(failure("{\"error\":\"access denied\"}", msg), ERR_DENIED);
}

static void limits(void **state)
{
	CLEANUP(mem_freep)
	char *text = mem_alloc(ENGINE_LINE_MAX_BYTES + 1);
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(12);
	CLEANUP(engine_lines_done)
	struct engine_lines l;
	struct err e;
	int i;

	engine_lines_init(&l, &said);
	for (i = 0; i < 100; i++)
		assert_int_equal(
			engine_lines_feed(&l, "{\"stream\":\"hello\"}\n", 19, NULL), 0);
	assert_string_equal(buf_str(&said), "hello\nhello\n");
	memset(text, 'x', ENGINE_LINE_MAX_BYTES + 1);
	assert_int_equal(engine_lines_feed(&l, text, ENGINE_LINE_MAX_BYTES, NULL), 0);
	assert_int_equal(engine_lines_feed(&l, text, 1, &e), -1);
	assert_int_equal(e.kind, ERR_UPSTREAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says),
		cmocka_unit_test(fails),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
