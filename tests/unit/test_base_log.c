/* Log lines as they arrive at the descriptor: both formats, escapes, cuts, levels. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

static char line[16384];

/* Run the call with fd going to a file, and what it wrote into `line`. */
#define CAPTURE(fd, call)                                                                \
	do {                                                                             \
		FILE *file = tmpfile();                                                  \
		int saved = dup(fd);                                                     \
		ssize_t got;                                                             \
		dup2(fileno(file), fd);                                                  \
		call;                                                                    \
		dup2(saved, fd);                                                         \
		close(saved);                                                            \
		got = pread(fileno(file), line, sizeof(line) - 1, 0);                    \
		line[got > 0 ? got : 0] = '\0';                                          \
		fclose(file);                                                            \
	} while (0)

static void ends_with(const char *want)
{
	size_t n = strlen(line), w = strlen(want);

	assert_true(n >= w);
	assert_string_equal(line + n - w, want);
}

static void text_lines(void **state)
{
	log_setup(LOG_INFO, LOG_TEXT);
	CAPTURE(2, log_event(LOG_WARN, "flight.retry", LS("digest", "sha256:ab"),
			     LU("n", -3)));
	ends_with("Z warn flight.retry digest=sha256:ab n=-3\n");
	assert_int_equal(line[10], 'T');
	CAPTURE(2, log_event(LOG_INFO, "larder.ready"));
	ends_with(" info larder.ready\n");
	CAPTURE(2, log_event(LOG_ERROR, "x.y", LS("a", "b c"), LS("d", ""), LS("e", NULL),
			     LS("f", "q\"\\\n\xff")));
	ends_with(" error x.y a=\"b c\" d=\"\" e=\"\" f=\"q\\\"\\\\\\u000a\\u00ff\"\n");
}

static void json_lines(void **state)
{
	log_setup(LOG_INFO, LOG_JSON);
	CAPTURE(2, log_event(LOG_INFO, "x.y", LS("a", "b\"\x01"), LU("n", 5)));
	ends_with("Z\",\"level\":\"info\",\"event\":\"x.y\",\"a\":\"b\\\"\\u0001\",\"n\":"
		  "5}\n");
	assert_int_equal(strncmp(line, "{\"time\":\"", 9), 0);
}

static void levels(void **state)
{
	log_setup(LOG_WARN, LOG_TEXT);
	assert_false(log_wants(LOG_INFO));
	assert_true(log_wants(LOG_WARN));
	CAPTURE(2, log_event(LOG_INFO, "x.y"));
	assert_string_equal(line, "");
	log_setup(LOG_DEBUG, LOG_TEXT);
	CAPTURE(2, log_event(LOG_DEBUG, "x.y"));
	ends_with(" debug x.y\n");
}

static void access_lines(void **state)
{
	const struct log_field fields[] = { LU("status", 200), { 0 } };

	log_setup(LOG_ERROR, LOG_TEXT);
	log_access_setup(true);
	CAPTURE(1, log_access(fields));
	ends_with(" info http.request status=200\n");
	log_access_setup(false);
	assert_false(log_access_wanted());
	CAPTURE(1, log_access(fields));
	assert_string_equal(line, "");
}

static void long_values_are_cut_and_a_full_line_still_ends(void **state)
{
	char *plain = unit_repeat('x', 5000), *raw = unit_repeat('\x01', 5000);
	struct log_field fields[17] = { 0 };
	int i;

	log_setup(LOG_INFO, LOG_JSON);
	CAPTURE(2, log_event(LOG_INFO, "x.y", LS("a", plain)));
	ends_with("x...\"}\n");
	assert_true(strlen(line) < 700);
	for (i = 0; i < 16; i++)
		fields[i] = LS("key", i % 2 ? plain : raw);
	CAPTURE(2, log_fields(LOG_INFO, "x.y", fields));
	ends_with("...\"}\n");
	log_setup(LOG_INFO, LOG_TEXT);
	CAPTURE(2, log_fields(LOG_INFO, "x.y", fields));
	ends_with("...\"\n");
	test_free(plain);
	test_free(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_lines),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(levels),
		cmocka_unit_test(access_lines),
		cmocka_unit_test(long_values_are_cut_and_a_full_line_still_ends),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
