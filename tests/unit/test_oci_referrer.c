/* Descriptors of referrers: made from manifests, and read from lists. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "oci/manifest.h"
#include "oci/referrer.h"

#define D "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void describing(void **state)
{
	static const struct {
		const char *body, *type, *rest;
	} cases[] = {
		{ "{\"artifactType\":\"t/a\",\"config\":{\"mediaType\":\"c\"}}", "t/a",
		  ",\"artifactType\":\"t/a\"}" },
		{ "{\"artifactType\":\"\",\"config\":{\"mediaType\":\"c\"}}", "c",
		  ",\"artifactType\":\"c\"}" },
		{ "{\"manifests\":[]}", "", "}" },
		{ "{\"annotations\":{\"a\":\"x\\\"\\u00e9\",\"b\":5}}", "",
		  ",\"annotations\":{\"a\":\"x\\\"\xc3\xa9\"}}" },
		{ "{\"annotations\":null}", "", "}" },
	};
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(4096);
	CLEANUP(buf_done)
	struct buf type = BUF_INIT(4096);
	char want[1024];
	struct digest d;
	struct err e;
	size_t i;

	assert_int_equal(digest_parse(view_of(D), &d, &e), 0);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&json);
		buf_clear(&type);
		assert_int_equal(referrer_describe(view_of(cases[i].body), "m", &d, &json,
						   &type, &e),
				 0);
		snprintf(want, sizeof(want),
			 "{\"digest\":\"" D "\",\"size\":%zu,\"mediaType\":\"m\"%s",
			 strlen(cases[i].body), cases[i].rest);
		assert_string_equal(buf_str(&json), want);
		assert_string_equal(buf_str(&type), cases[i].type);
	}
	json.limit = json.n + 10;
	assert_err(referrer_describe(view_of(cases[0].body), "m", &d, &json, &type, &e),
		   e, ERR_LIMIT);
}

static void listing(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"manifests\":{}}",
		"{\"manifests\":[1]}",
		"{\"manifests\":[{}]}",
		"{\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"" D "\"}]}",
		"{\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"" D
		"\",\"size\":-1}]}",
		"{\"manifests\":[{\"mediaType\":5,\"digest\":\"" D "\",\"size\":1}]}",
	};
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(4096);
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(referrer_list(view_of(bad[i]), &out, &e), e, ERR_INVALID);
	assert_int_equal(referrer_list(view_of("{\"manifests\":null}"), &out, &e), 0);
	assert_int_equal(referrer_list(view_of("{}"), &out, &e), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(
		referrer_list(
			view_of("{\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"" D
				"\",\"size\":3,\"artifactType\":\"t\",\"urls\":[\"x\"]}]"
				"}"),
			&out, &e),
		0);
	assert_string_equal(out.p, "t");
	assert_string_equal(out.p + 2,
			    "{\"digest\":\"" D "\",\"size\":3,\"mediaType\":\"m\","
			    "\"artifactType\":\"t\"}");
	assert_int_equal(out.n, 2 + strlen(out.p + 2) + 1);
}

static void tags(void **state)
{
	char tag[TAG_MAX_BYTES + 1];
	struct digest d;
	struct err e;

	assert_int_equal(digest_parse(view_of(D), &d, &e), 0);
	referrer_tag(&d, tag);
	assert_string_equal(tag,
			    "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			    "aaaaaaaaaaaa");
	digest_of(HASH_SHA512, "", 0, &d);
	referrer_tag(&d, tag);
	assert_int_equal(strlen(tag), 7 + 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describing),
		cmocka_unit_test(listing),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests_name("oci/referrer", tests, NULL, NULL);
}
