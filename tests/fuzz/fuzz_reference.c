/* oci/reference: names, references and hosts. What passes goes into paths, so it may hold
 * no
 * ".." between slashes, no byte outside the grammars, and must pass again unchanged. */
#include "fuzz.h"

#include "oci/reference.h"

static void check_path(const char *s)
{
	CHECK(s[0] != '/' && s[0] != '.' && s[0] != '\0');
	CHECK(strstr(s, "/.") == NULL && strstr(s, "//") == NULL);
	for (; *s; s++)
		CHECK(*s > ' ' && *s < 0x7f && strchr("%\\\"'?#@", *s) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = fuzz_view(data, size);
	struct reponame name;
	struct reference ref;
	char out[DIGEST_TEXT_MAX], host[256], again[256];
	struct err e;

	if (reponame_parse(text, &name, &e) == 0) {
		CHECK(view_is(text, name.s));
		check_path(name.s);
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
