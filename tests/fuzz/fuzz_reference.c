/* oci/reference: names, references and hosts. What passes goes into paths, so it may hold
 * no
 * ".." between slashes, no byte outside the grammars, and must pass again unchanged. */
#include "fuzz.h"

#include "oci/asof.h"
#include "oci/reference.h"

static void check_path(const char *s)
{
	CHECK(s[0] != '/' && s[0] != '.' && s[0] != '\0');
	CHECK(strstr(s, "/.") == NULL && strstr(s, "//") == NULL);
	for (; *s; s++)
		CHECK(*s > ' ' && *s < 0x7f && strchr("%\\\"'?#@", *s) == NULL);
}

#define NOW_MS 1793536250500 /* 2026-11-01T12:30:50.500Z */

/* A date never lies ahead, and what follows it is a name without another. */
static void check_asof(const struct reponame *name)
{
	struct reponame rest;
	struct err e;
	int64_t ms;

	if (!asof_is(name->s) || asof_split(name, NOW_MS, &rest, &ms, &e) != 0)
		return;
	CHECK(ms <= NOW_MS && !asof_is(rest.s));
	CHECK(strcmp(strchr(name->s, '/') + 1, rest.s) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = fuzz_view(data, size);
	struct reponame name;
	struct reference ref;
	char out[DIGEST_TEXT_MAX], host[256], again[256];
	struct err e;
	int64_t ms;

	if (asof_date(text, NOW_MS, &ms, &e) == 0)
		CHECK(ms <= NOW_MS);

	if (reponame_parse(text, &name, &e) == 0) {
		CHECK(view_is(text, name.s));
		check_path(name.s);
		check_asof(&name);
	}
	if (reference_parse(text, &ref, &e) == 0) {
		reference_text(&ref, out);
		CHECK(view_is(text, out));
		check_path(out);
		CHECK(ref.is_digest == (strchr(out, ':') != NULL));
	}
	if (registry_host_parse(text, host, &e) == 0) {
		check_path(host);
		CHECK(strchr(host, '/') == NULL);
		CHECK(registry_host_parse(view_of(host), again, &e) == 0);
		CHECK(strcmp(host, again) == 0);
	}
	return 0;
}
