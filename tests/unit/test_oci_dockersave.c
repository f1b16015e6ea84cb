/*
 * test_oci_dockersave.c - manifest.json of docker save, and manifests made of it.
 */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "oci/dockersave.h"

static struct dockersave_file file(const char *content, enum dockersave_packing packing)
{
	struct dockersave_file f = { .size = strlen(content), .packing = packing };

	digest_of(HASH_SHA256, content, f.size, &f.digest);
	return f;
}

static void lists(void **state)
{
	struct dockersave d;

	assert_int_equal(dockersave_parse(VIEW("[{\"Config\":\"c.json\",\"RepoTags\":"
					       "[\"a:1\",\"b:2\"],\"Layers\":[\"x/"
					       "layer.tar\"]},{\"Config\":\"d\","
					       "\"RepoTags\":null}]"),
					  &d, NULL),
			 0);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.image[0].config, "c.json");
	assert_int_equal(json_len(d.image[0].tags), 2);
	assert_string_equal(json_str(json_at(d.image[0].layer, 0)), "x/layer.tar");
	assert_int_equal(json_len(d.image[1].tags), 0);
	assert_int_equal(json_len(d.image[1].layer), 0);
	dockersave_done(&d);
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[{\"Config\":1}]",
		"[{\"Config\":\"a\",\"Layers\":\"b\"}]",
		"[{\"Config\":\"a\",\"RepoTags\":[1]}]",
	};
	CLEANUP(buf_done)
	struct buf many = BUF_INIT(1 << 20);
	struct dockersave d;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		assert_err(dockersave_parse(view_of(texts[i]), &d, &e), e, ERR_INVALID);
	buf_adds(&many, "[{\"Config\":\"a\",\"Layers\":[\"b\"");
	for (i = 0; i < DOCKERSAVE_MAX_LAYERS; i++)
		buf_adds(&many, ",\"b\"");
	buf_adds(&many, "]}]");
	assert_err(dockersave_parse(buf_view(&many), &d, &e), e, ERR_LIMIT);
}

static void packings(void **state)
{
	assert_int_equal(dockersave_packing("\x1f\x8b\x08", 3), DOCKERSAVE_GZIP);
	assert_int_equal(dockersave_packing("\x28\xb5\x2f\xfd", 4), DOCKERSAVE_ZSTD);
	assert_int_equal(dockersave_packing("\x28\xb5\x2f", 3), DOCKERSAVE_PLAIN);
	assert_int_equal(dockersave_packing("", 0), DOCKERSAVE_PLAIN);
	assert_int_equal(dockersave_packing("a.txt", 5), DOCKERSAVE_PLAIN);
}

static void made(void **state)
{
	struct dockersave_file layer[] = { file("plain", DOCKERSAVE_PLAIN),
					   file("packed", DOCKERSAVE_GZIP) };
	char plain[DIGEST_TEXT_MAX], config[512];
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(MANIFEST_MAX_BYTES);
	struct dockersave_file top;
	struct manifest m;
	struct err e = { 0 };

	digest_text(&layer[0].digest, plain);
	snprintf(config, sizeof(config),
		 "{\"rootfs\":{\"diff_ids\":[\"%s\",\"sha256:unknown\"]}}", plain);
	top = file(config, DOCKERSAVE_PLAIN);
	assert_int_equal(dockersave_make(&out, view_of(config), &top, layer, 2, NULL), 0);
	assert_int_equal(manifest_parse(buf_view(&out), &m, NULL), 0);
	assert_int_equal(m.kind, MANIFEST_IMAGE);
	assert_int_equal(m.nchildren, 3);
	assert_true(m.has_config && digest_equal(&m.child[0].digest, &top.digest));
	assert_true(digest_equal(&m.child[2].digest, &layer[1].digest));
	assert_non_null(strstr(buf_str(&out), "image.layer.v1.tar\""));
	assert_non_null(strstr(buf_str(&out), "image.layer.v1.tar+gzip\""));
	manifest_done(&m);

	assert_err(dockersave_make(&out, view_of(config), &top, layer, 1, &e), e,
		   ERR_INVALID);
	assert_err(dockersave_make(&out, VIEW("no json"), &top, layer, 0, &e), e,
		   ERR_INVALID);
	layer[0] = file("another", DOCKERSAVE_PLAIN);
	assert_err(dockersave_make(&out, view_of(config), &top, layer, 2, &e), e,
		   ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(refused),
		cmocka_unit_test(packings),
		cmocka_unit_test(made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
