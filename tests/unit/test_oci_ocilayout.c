/*
 * test_oci_ocilayout.c - index.json of image layouts: names, what is refused, and what
 * others wrote that stays as it is.
 */
#include "unit.h"

#include "base/mem.h"
#include "oci/ocilayout.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void names(void **state)
{
	static const char text[] =
		"{\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"sha256:" HEX
		"\",\"size\":7,\"annotations\":{\"io.containerd.image.name\":"
		"\"docker.io/library/a:1\",\"org.opencontainers.image.ref.name\":"
		"\"1\",\"x\":\"y\"}},{\"digest\":\"sha256:" HEX "\",\"size\":0}]}";
	CLEANUP(buf_done)
	struct buf kept = BUF_INIT(4096);
	struct ocilayout l;

	assert_int_equal(ocilayout_parse(view_of(text), &l, NULL), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.image[0].name, "docker.io/library/a:1");
	assert_string_equal(l.image[0].ref, "1");
	assert_string_equal(l.image[0].media_type, "m");
	assert_int_equal(l.image[0].size, 7);
	assert_null(l.image[1].name);
	assert_null(l.image[1].ref);
	assert_string_equal(l.image[1].media_type, "");
	assert_int_equal(ocilayout_keep(&kept, 0, &l.image[0]), 0);
	assert_int_equal(ocilayout_keep(&kept, 1, &l.image[1]), 0);
	assert_memory_equal(text + 14, buf_str(&kept), kept.n);
	ocilayout_done(&l);
}

static void written(void **state)
{
	struct ocilayout_image image = {
		.size = 3, .media_type = "m", .name = "a\"b", .ref = "1"
	};
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(4096);
	CLEANUP(buf_done)
	struct buf small = BUF_INIT(150);
	struct ocilayout l;

	assert_int_equal(digest_parse(VIEW("sha256:" HEX), &image.digest, NULL), 0);
	ocilayout_begin(&out);
	ocilayout_add(&out, 0, &image);
	image.name = image.ref = NULL;
	ocilayout_add(&out, 1, &image);
	ocilayout_end(&out);
	assert_int_equal(ocilayout_parse(buf_view(&out), &l, NULL), 0);
	assert_string_equal(l.image[0].name, "a\"b");
	assert_null(l.image[1].name);
	ocilayout_done(&l);
	assert_int_equal(ocilayout_begin(&small), 0);
	assert_int_not_equal(ocilayout_add(&small, 0, &image), 0);
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"manifests\":{}}",
		"{\"manifests\":[1]}",
		"{\"manifests\":[{\"size\":1}]}",
		"{\"manifests\":[{\"digest\":\"sha256:" HEX "\"}]}",
		"{\"manifests\":[{\"digest\":\"sha256:" HEX "\",\"size\":-1}]}",
		"{\"manifests\":[{\"digest\":\"sha256:../../x\",\"size\":1}]}",
	};
	struct ocilayout l;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		assert_err(ocilayout_parse(view_of(texts[i]), &l, &e), e, ERR_INVALID);
}

static void too_many(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(OCILAYOUT_MAX_BYTES);
	struct ocilayout l;
	struct err e = { 0 };
	int i;

	buf_adds(&text, "{\"manifests\":[0");
	for (i = 0; i < OCILAYOUT_MAX_IMAGES; i++)
		buf_adds(&text, ",0");
	buf_adds(&text, "]}");
	assert_err(ocilayout_parse(buf_view(&text), &l, &e), e, ERR_LIMIT);
}

static void paths(void **state)
{
	static const char *const wrong[] = {
		"",
		"blobs",
		"blobs/",
		"blobs/sha256",
		"blobs/sha256/",
		"blobs/sha256/" HEX "/",
		"blobs/sha256/../" HEX,
		"blobs/sha1/" HEX,
		"/blobs/sha256/" HEX,
		"x/blobs/sha256/" HEX,
	};
	char path[OCILAYOUT_PATH_MAX];
	struct digest d;
	size_t i;

	assert_true(ocilayout_is_path("blobs/sha256/" HEX, &d));
	ocilayout_path(&d, path);
	assert_string_equal(path, "blobs/sha256/" HEX);
	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(ocilayout_is_path(wrong[i], &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),   cmocka_unit_test(written),
		cmocka_unit_test(refused), cmocka_unit_test(too_many),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
