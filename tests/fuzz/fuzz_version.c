/* trust/version: three texts separated by newlines, in each scheme: the order is one.
 * (rpm's is none for all texts: "1.f" is after "1c.f" by its rules, as "1c" is after
 * "1".) */
#include "fuzz.h"

#include "base/mem.h"
#include "trust/version.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void check(enum version_scheme scheme, const char *a, const char *b, const char *c)
{
	int ab = sign(version_compare(scheme, a, b));
	int bc = sign(version_compare(scheme, b, c));
	int ac = sign(version_compare(scheme, a, c));

	CHECK(version_compare(scheme, a, a) == 0);
	CHECK(ab == -sign(version_compare(scheme, b, a)));
	if (scheme == VERSION_RPM)
		return;
	if (ab == 0)
		CHECK(ac == bc);
	if (ab != 0 && (bc == ab || bc == 0))
		CHECK(ac == ab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep)
	char *text = mem_dupn((const char *)data, size);
	char *b = strchr(text, '\n'), *c = b != NULL ? strchr(b + 1, '\n') : NULL;
	enum version_scheme scheme;

	if (c == NULL)
		return 0;
	*b++ = '\0';
	*c++ = '\0';
	for (scheme = VERSION_DEB; scheme <= VERSION_PEP440; scheme++) {
		check(scheme, text, b, c);
		version_valid(scheme, text);
	}
	return 0;
}
