/* Manifests and indexes: each kind, what must be tolerated, what must not, and the
 * limits. */
#include "unit.h"

#include "base/mem.h"
#include "oci/manifest.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DESC(hex, size) "{\"digest\":\"sha256:" hex "\",\"size\":" size "}"
#define UNSIGNED_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define DESC_A DESC(HEX_A, "10")
#define DESC_B DESC(HEX_B, "20")

static struct manifest parsed(const char *body)
{
	struct manifest m;
	struct err e = { 0 };

	if (manifest_parse(view_of(body), &m, &e) != 0)
		fail_msg("%s: %s", body, e.msg);
	return m;
}

static void images(void **state)
{
	CLEANUP(manifest_done)
	struct manifest m =
		parsed("{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_DOCKER_MANIFEST
		       "\",\"config\":" DESC_A ",\"layers\":[" DESC_B "," DESC_A "]}");
	struct digest a;

	assert_int_equal(m.kind, MANIFEST_IMAGE);
	assert_string_equal(m.media_type, MEDIATYPE_DOCKER_MANIFEST);
	assert_int_equal(m.nchildren, 3);
	assert_int_equal(digest_parse(VIEW("sha256:" HEX_A), &a, NULL), 0);
	assert_true(digest_equal(&m.child[0].digest, &a)); /* config first */
	assert_int_equal(m.child[0].size, 10);
	assert_int_equal(m.child[1].size, 20);
	assert_true(digest_equal(&m.child[2].digest, &a));
	assert_false(m.child[0].is_manifest);
	assert_string_equal(m.child[0].platform.os, "");
	assert_false(m.has_subject);
}

static void indexes(void **state)
{
	CLEANUP(manifest_done)
	struct manifest m =
		parsed("{\"schemaVersion\":2,\"manifests\":["
		       "{\"digest\":\"sha256:" HEX_A
		       "\",\"size\":1,\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		       "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\","
		       "\"variant\":\"v7\"}},"
		       "{\"digest\":\"sha256:" HEX_B
		       "\",\"size\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX "\"},"
		       "{\"digest\":\"sha256:" HEX_B
		       "\",\"size\":3,\"platform\":{\"os\":7,\"architecture\":"
		       "\"0123456789012345678901234567890123456789\"}}]}");

	assert_int_equal(m.kind, MANIFEST_INDEX);
	assert_string_equal(m.media_type, MEDIATYPE_OCI_INDEX);
	assert_int_equal(m.nchildren, 3);
	assert_string_equal(m.child[0].platform.os, "linux");
	assert_string_equal(m.child[0].platform.arch, "arm");
	assert_string_equal(m.child[0].platform.variant, "v7");
	assert_true(m.child[0].is_manifest);
	assert_true(m.child[1].is_manifest); /* nested */
	assert_string_equal(m.child[1].platform.os, "");
	assert_string_equal(m.child[2].platform.os, "");
	assert_int_equal(strlen(m.child[2].platform.arch), 31);
}

static void indexes_of_blobs(void **state)
{
	CLEANUP(manifest_done)
	struct manifest m =
		parsed("{\"manifests\":[{\"digest\":\"sha256:" HEX_A
		       "\",\"size\":1,\"mediaType\":"
		       "\"application/"
		       "vnd.oci.image.layer.v1.tar+gzip\"},{\"digest\":\"sha256:" HEX_B
		       "\",\"size\":1,\"mediaType\":\"application/"
		       "vnd.buildkit.cacheconfig.v0\"},"
		       "{\"digest\":\"sha256:" HEX_B
		       "\",\"size\":1,\"mediaType\":\"text/x-new\"}]}");

	assert_false(m.child[0].is_manifest);
	assert_false(m.child[1].is_manifest);
	assert_true(m.child[2].is_manifest);
}

static void tolerated(void **state)
{
	static const struct {
		const char *body;
		enum manifest_kind kind;
		size_t children;
	} rows[] = {
		{ "{\"manifests\":[]}", MANIFEST_INDEX, 0 },
		{ "{\"manifests\":null}", MANIFEST_INDEX, 0 },
		{ "{\"layers\":[]}", MANIFEST_IMAGE, 0 },
		{ "{\"config\":" DESC_A ",\"layers\":[]}", MANIFEST_IMAGE, 1 },
		{ "{\"config\":" DESC_A
		  ",\"layers\":null,\"subject\":null,\"mediaType\":null}",
		  MANIFEST_IMAGE, 1 },
		{ "{\"config\":null,\"layers\":[" DESC_A "]}", MANIFEST_IMAGE, 1 },
		{ "{\"mediaType\":\"" MEDIATYPE_OCI_INDEX "\"}", MANIFEST_INDEX, 0 },
		{ "{\"mediaType\":\"" MEDIATYPE_DOCKER_LIST "\",\"manifests\":[" DESC_A
		  "]}",
		  MANIFEST_INDEX, 1 },
		{ "{\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		  "\",\"artifactType\":\"a/b\","
		  "\"config\":" DESC_A ",\"layers\":[" DESC_B
		  "],\"annotations\":{\"a\":\"b\"},"
		  "\"new\":{\"deep\":[1,2.5,true]}}",
		  MANIFEST_IMAGE, 2 },
		{ "{\"config\":" DESC_A ",\"layers\":[{\"digest\":\"sha256:" HEX_B
		  "\",\"size\":0,\"urls\":[\"https://elsewhere/x\"],\"data\":\"e30=\"}]}",
		  MANIFEST_IMAGE, 2 },
		{ " {\"layers\":[" DESC_A "," DESC_A "]} \n", MANIFEST_IMAGE, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(manifest_done)
		struct manifest m = parsed(rows[i].body);

		assert_int_equal(m.kind, rows[i].kind);
		assert_int_equal(m.nchildren, rows[i].children);
		assert_false(m.has_subject);
	}
}

static void subjects(void **state)
{
	CLEANUP(manifest_done)
	struct manifest m = parsed("{\"config\":" DESC_A ",\"subject\":" DESC_B "}");
	CLEANUP(manifest_done)
	struct manifest index = parsed("{\"manifests\":[],\"subject\":" DESC_A "}");

	assert_true(m.has_subject);
	assert_int_equal(m.subject.bytes[0], 0xbb);
	assert_int_equal(m.nchildren, 1); /* the subject is no child */
	assert_true(index.has_subject);
}

static void schema_1_is_recognised(void **state)
{
	static const char *const rows[] = {
		"{\"schemaVersion\":1,\"name\":\"a\",\"fsLayers\":[{\"blobSum\":\"x\"}]}",
		"{\"schemaVersion\":1,\"mediaType\":\"" MEDIATYPE_DOCKER_SCHEMA1 "\"}",
		"{\"mediaType\":\"" UNSIGNED_SCHEMA1 "\"}",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(manifest_done)
		struct manifest m = parsed(rows[i]);

		assert_int_equal(m.kind, MANIFEST_OLD);
		assert_int_equal(m.nchildren, 0);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"[]",
		"null",
		"1",
		"{}",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":\"1\"}",
		"{\"mediaType\":7,\"layers\":[]}",
		"{\"mediaType\":\"a/b\",\"layers\":[]}",
		"{\"schemaVersion\":3,\"layers\":[]}",
		"{\"schemaVersion\":1,\"layers\":[]}",
		"{\"schemaVersion\":\"2\",\"layers\":[]}",
		"{\"layers\":{}}",
		"{\"layers\":7}",
		"{\"manifests\":\"x\"}",
		"{\"layers\":[7]}",
		"{\"layers\":[null]}",
		"{\"layers\":[{}]}",
		"{\"config\":[]}",
		"{\"config\":{}}",
		"{\"config\":7}",
		"{\"layers\":[],\"layers\":[]}",
		"{\"config\":{\"digest\":\"sha256:" HEX_A "\"}}",
		"{\"config\":{\"size\":1}}",
		"{\"config\":{\"digest\":\"sha256:short\",\"size\":1}}",
		"{\"config\":{\"digest\":7,\"size\":1}}",
		"{\"config\":" DESC(HEX_A, "-1") "}",
		"{\"config\":" DESC(HEX_A, "1.0") "}",
		"{\"config\":" DESC(HEX_A, "\"1\"") "}",
		"{\"config\":" DESC(HEX_A, "1125899906842625") "}",
		"{\"config\":" DESC(HEX_A, "9223372036854775808") "}",
		"{\"layers\":[" DESC_A "," DESC(HEX_A, "-1") "]}",
		"{\"config\":" DESC_A ",\"subject\":{}}",
		"{\"config\":" DESC_A ",\"subject\":\"x\"}",
		"{\"config\":" DESC_A ",\"subject\":" DESC(HEX_B, "-1") "}",
		"{\"config\":" DESC_A ",\"manifests\":[]}",
		"{\"layers\":[],\"manifests\":[]}",
		"{\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST "\",\"manifests\":[]}",
		"{\"mediaType\":\"" MEDIATYPE_OCI_INDEX "\",\"layers\":[]}",
		"{\"layers\":[],\"fsLayers\":[]}",
		"{\"layers\":[]} x",
	};
	struct manifest m;
	struct err e = { 0 };
	size_t i;

	memset(&m, 0x5a, sizeof(m));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (manifest_parse(view_of(rows[i]), &m, &e) == 0)
			fail_msg("taken: %s", rows[i]);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	assert_err(manifest_parse((struct view){ NULL, 0 }, &m, &e), e, ERR_INVALID);
	for (i = 0; i < sizeof(m); i++)
		assert_int_equal(((unsigned char *)&m)[i], 0x5a);
}

static void sizes_at_the_limit(void **state)
{
	CLEANUP(manifest_done)
	struct manifest m = parsed("{\"config\":" DESC(HEX_A, "1125899906842624") "}");

	assert_true(m.child[0].size == CHILD_MAX_BYTES);
}

static int with_children(const char *before, size_t n, struct manifest *m, struct err *e)
{
	struct buf b = BUF_INIT(MANIFEST_MAX_BYTES);
	size_t i;
	int rc;

	buf_adds(&b, before);
	for (i = 0; i < n; i++)
		assert_int_equal(buf_adds(&b, i ? "," DESC_A : DESC_A), 0);
	buf_adds(&b, "]}");
	rc = manifest_parse(buf_view(&b), m, e);
	buf_done(&b);
	return rc;
}

static void children_at_the_limit(void **state)
{
	static const char list[] = "{\"manifests\":[";
	static const char image[] = "{\"config\":" DESC_A ",\"layers\":[";
	struct manifest m;
	struct err e = { 0 };

	assert_int_equal(with_children(list, MANIFEST_MAX_CHILDREN, &m, &e), 0);
	assert_int_equal(m.nchildren, MANIFEST_MAX_CHILDREN);
	manifest_done(&m);
	assert_err(with_children(list, MANIFEST_MAX_CHILDREN + 1, &m, &e), e,
		   ERR_INVALID);
	assert_int_equal(with_children(image, MANIFEST_MAX_CHILDREN - 1, &m, &e), 0);
	assert_int_equal(m.nchildren, MANIFEST_MAX_CHILDREN);
	manifest_done(&m);
	assert_err(with_children(image, MANIFEST_MAX_CHILDREN, &m, &e), e, ERR_INVALID);
}

static void bytes_at_the_limit(void **state)
{
	char *body = unit_repeat(' ', MANIFEST_MAX_BYTES + 1);
	struct manifest m;
	struct err e = { 0 };

	memcpy(body, "{\"layers\":[]}", 13);
	assert_int_equal(
		manifest_parse((struct view){ body, MANIFEST_MAX_BYTES }, &m, &e), 0);
	manifest_done(&m);
	assert_err(manifest_parse((struct view){ body, MANIFEST_MAX_BYTES + 1 }, &m, &e),
		   e, ERR_LIMIT);
	test_free(body);
}

static void done_twice_and_accept(void **state)
{
	struct manifest m = parsed("{\"config\":" DESC_A "}");

	manifest_done(&m);
	manifest_done(&m);
	manifest_done(NULL);
	assert_non_null(strstr(manifest_accept, MEDIATYPE_OCI_INDEX ", "));
	assert_non_null(strstr(manifest_accept, MEDIATYPE_DOCKER_LIST ", "));
	assert_non_null(strstr(manifest_accept, MEDIATYPE_OCI_MANIFEST ", "));
	assert_non_null(strstr(manifest_accept, MEDIATYPE_DOCKER_MANIFEST ", "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images),
		cmocka_unit_test(indexes),
		cmocka_unit_test(indexes_of_blobs),
		cmocka_unit_test(tolerated),
		cmocka_unit_test(subjects),
		cmocka_unit_test(schema_1_is_recognised),
		cmocka_unit_test(refused),
		cmocka_unit_test(sizes_at_the_limit),
		cmocka_unit_test(children_at_the_limit),
		cmocka_unit_test(bytes_at_the_limit),
		cmocka_unit_test(done_twice_and_accept),
	};

	return cmocka_run_group_tests_name("oci/manifest", tests, NULL, NULL);
}
