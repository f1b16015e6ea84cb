/*
 * platform.c - "os/arch/variant".  Owns nothing.
 */
#include "oci/platform.h"

#include <stdio.h>
#include <string.h>

static bool is_word(struct view v)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
			return false;
	}
	return v.n > 0 && v.n < sizeof(((struct platform *)0)->os);
}

int platform_parse(struct view text, struct platform *out, struct err *e)
{
	struct platform p = { 0 };
	char *const to[] = { p.os, p.arch, p.variant };
	struct view rest = text;
	size_t i;

	for (i = 0; i < 3; i++) {
		const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
		struct view part = { rest.p, slash ? (size_t)(slash - rest.p) : rest.n };

		if (!is_word(part))
			break;
		memcpy(to[i], part.p, part.n);
		if (slash == NULL) {
			if (i == 0)
				break;
			*out = p;
			return 0;
		}
		rest.p += part.n + 1;
		rest.n -= part.n + 1;
	}
	return err_set(e, ERR_INVALID,
		       "'%.*s' is no platform; write it like linux/amd64 or linux/arm/v7",
		       (int)(text.n < 100 ? text.n : 100), text.n ? text.p : "");
}

int platform_list(struct view text, struct platform *out, size_t max, size_t *n,
		  struct err *e)
{
	size_t count = 0;

	for (;;) {
		const char *comma = text.n > 0 ? memchr(text.p, ',', text.n) : NULL;
		struct view one = { text.p,
				    comma != NULL ? (size_t)(comma - text.p) : text.n };

		if (count == max)
			return err_set(e, ERR_LIMIT, "more than %zu platforms", max);
		if (platform_parse(view_trim(one), &out[count++], e) != 0)
			return -1;
		if (comma == NULL)
			break;
		text.n -= one.n + 1;
		text.p = comma + 1;
	}
	*n = count;
	return 0;
}

void platform_text(const struct platform *p, char out[100])
{
	snprintf(out, 100, "%s/%s%s%s", p->os, p->arch, p->variant[0] ? "/" : "",
		 p->variant);
}

static const char *variant_of(const struct platform *p)
{
	return p->variant[0] == '\0' && strcmp(p->arch, "arm64") == 0 ? "v8" : p->variant;
}

bool platform_match(const struct platform *have, const struct platform *want)
{
	return strcmp(have->os, want->os) == 0 && strcmp(have->arch, want->arch) == 0 &&
	       (want->variant[0] == '\0' ||
		strcmp(variant_of(have), variant_of(want)) == 0);
}
