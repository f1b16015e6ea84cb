/* PEM blocks, from files of people's and from what is signed; and base64 that has one
 * spelling. */
#include "unit.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/pem.h"

#define BLOCK(label, body) "-----BEGIN " label "-----\n" body "-----END " label "-----\n"

static void reading(void **state)
{
	static const struct {
		const char *text;
		int exact, loose; /* what pem_next says */
	} cases[] = {
		{ BLOCK("A B", "aGVsbG8=\n"), 1, 1 },
		{ BLOCK("A B", "aGVs\nbG8=\n"), 1, 1 },
		{ "-----BEGIN A-----\r\naGVsbG8=\r\n-----END A-----\r\n", 1, 1 },
		{ "\n\n" BLOCK("A", "aGVsbG8=\n"), 1, 1 },
		{ "", 0, 0 },
		{ "\n", 0, 0 },
		{ "text\n" BLOCK("A", "aGVsbG8=\n"), -1, 1 },
		{ "text\n", -1, 0 },
		{ BLOCK("A", "aGVsbG8\n"), -1, -1 },
		{ BLOCK("A", "aGVsbG9=\n"), -1, -1 },
		{ BLOCK("A", "aGVs bG8=\n"), -1, -1 },
		{ BLOCK("A", "Proc-Type: 4\n\naGVsbG8=\n"), -1, -1 },
		{ BLOCK("A", ""), -1, -1 },
		{ "-----BEGIN A-----\naGVsbG8=\n", -1, -1 },
		{ "-----BEGIN A-----\naGVsbG8=\n-----END B-----\n", -1, -1 },
		{ "-----BEGIN A----\naGVsbG8=\n-----END A-----\n", -1, 0 },
	};
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(16);
	char label[PEM_LABEL_MAX];
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct view exact = view_of(cases[i].text), loose = exact;

		if (pem_next(&exact, PEM_EXACT, label, &der, &e) != cases[i].exact ||
		    pem_next(&loose, PEM_FILE, label, &der, &e) != cases[i].loose)
			fail_msg("case %zu", i);
		if (cases[i].loose == 1)
			assert_string_equal(buf_str(&der), "hello");
	}
}

static void several(void **state)
{
	struct view text = VIEW(BLOCK("A", "YQ==\n") "\n" BLOCK("B", "Yg==\n"));
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(16);
	char label[PEM_LABEL_MAX];
	struct err e;

	assert_int_equal(pem_next(&text, PEM_EXACT, label, &der, &e), 1);
	assert_string_equal(label, "A");
	assert_int_equal(pem_next(&text, PEM_EXACT, label, &der, &e), 1);
	assert_string_equal(label, "B");
	assert_string_equal(buf_str(&der), "b");
	assert_int_equal(pem_next(&text, PEM_EXACT, label, &der, &e), 0);
	text = VIEW(BLOCK("A", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=\n"));
	assert_err(pem_next(&text, PEM_EXACT, label, &der, &e), e, ERR_LIMIT);
}

static void exact(void **state)
{
	static const struct {
		const char *text;
		bool plain, url;
	} cases[] = {
		{ "", true, true },	    { "YQ==", true, false },
		{ "YQ", false, true },	    { "YR==", false, false },
		{ "YR", false, false },	    { "YWI=", true, false },
		{ "YWJ=", false, false },   { "YWJj", true, true },
		{ "-_-_", false, true },    { "+/+/", true, false },
		{ "YQ=", false, false },    { "Y", false, false },
		{ "YWJj\n", false, false }, { "YQ==YQ==", false, false },
	};
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(64);
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct view text = view_of(cases[i].text);
		size_t had;

		buf_clear(&out);
		buf_adds(&out, "x");
		assert_int_equal(base64_decode_exact(text, &out, &e),
				 cases[i].plain ? 0 : -1);
		had = out.n;
		assert_int_equal(base64_decode_url(text, &out, &e),
				 cases[i].url ? 0 : -1);
		if (!cases[i].plain && !cases[i].url)
			assert_string_equal(buf_str(&out), "x");
		if (!cases[i].url)
			assert_int_equal(out.n, had);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(several),
		cmocka_unit_test(exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
