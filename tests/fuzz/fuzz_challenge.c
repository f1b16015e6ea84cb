/* codec/challenge: WWW-Authenticate; newlines in the input separate header lines. */
#include "fuzz.h"

#include "codec/challenge.h"

static void check_text(const char *s, size_t cap)
{
	size_t n = strnlen(s, cap), i;

	CHECK(n < cap);
	for (i = 0; i < n; i++)
		CHECK(s[i] != '\r' && s[i] != '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = fuzz_view(data, size);
	struct challenge c = { 0 };

	while (rest.n > 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;

		challenge_parse((struct view){ rest.p, n }, &c);
		n += end != NULL;
		rest = (struct view){ rest.p + n, rest.n - n };
	}
	CHECK(c.bearer == (c.realm[0] != '\0'));
	CHECK(c.bearer || (!c.service[0] && !c.scope[0] && !c.error[0]));
	check_text(c.realm, sizeof(c.realm));
	check_text(c.service, sizeof(c.service));
	check_text(c.scope, sizeof(c.scope));
	check_text(c.error, sizeof(c.error));
	return 0;
}
