/*
 * version_probe.c - one line in, one line out: "deb 1.0 2.0" answers "<", "=" or ">";
 * "deb 1.0" answers "valid" or "invalid". Words are separated by tabs.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trust/version.h"

static const char *const schemes[] = { "deb", "apk", "rpm", "pep440" };

int main(void)
{
	char line[65536], *a, *b;
	size_t i;

	setlinebuf(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		a = strchr(line, '\t');
		if (a == NULL)
			return 1;
		*a++ = '\0';
		for (i = 0; i < ARRAY_LEN(schemes) && strcmp(line, schemes[i]) != 0; i++)
			;
		if (i == ARRAY_LEN(schemes))
			return 1;
		b = strchr(a, '\t');
		if (b == NULL) {
			puts(version_valid((enum version_scheme)i, a) ? "valid"
								      : "invalid");
			continue;
		}
		*b++ = '\0';
		int rc = version_compare((enum version_scheme)i, a, b);
		puts(rc < 0 ? "<" : rc > 0 ? ">" : "=");
	}
	return 0;
}
