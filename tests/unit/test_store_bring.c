/*
 * test_store_bring.c - blobs from elsewhere: what matches gets its name, what does not
 * leaves nothing.
 */
#include "unit.h"

#include "store/blob.h"
#include "store/bring.h"
#include "store_try.h"

static int bring(struct store *s, const struct digest *d, uint64_t size,
		 const char *content, struct err *e)
{
	struct bring b;
	int rc;

	if (bring_open(&b, s, d, size, e) != 0)
		return -1;
	rc = bring_add(&b, content, 2, e);
	if (rc == 0)
		rc = bring_add(&b, content + 2, strlen(content) - 2, e);
	if (rc == 0)
		rc = bring_end(&b, e);
	bring_close(&b);
	return rc;
}

static void right(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	uint64_t size;

	assert_int_equal(bring(s, &d, 7, "content", NULL), 0);
	assert_true(blob_exists(s, &d, &size));
	assert_int_equal(size, 7);
	assert_int_equal(bring(s, &d, 7, "content", NULL), 0); /* again is fine */
	assert_int_equal(try_count(s, "larder/partial"), 0);
	assert_int_equal(try_count(s, "larder/tmp"), 0);
}

static void wrong(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct err e = { 0 };

	assert_err(bring(s, &d, 7, "contenT", &e), e, ERR_CORRUPT);
	assert_err(bring(s, &d, 8, "content", &e), e, ERR_CORRUPT);
	assert_err(bring(s, &d, 7, "cont", &e), e, ERR_CORRUPT);
	assert_false(blob_exists(s, &d, NULL));
	assert_int_equal(try_count(s, "larder/partial"), 0);
}

/* What somebody left in the partial is not believed. */
static void left_over(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	layout_path path;

	layout_partial(path, &d);
	try_put(s, path, "something that is longer");
	assert_int_equal(bring(s, &d, 7, "content", NULL), 0);
	layout_blob(path, &d);
	assert_true(try_holds(s, path, "content"));
}

/* While another process (here: another descriptor) downloads it. */
static void beside_a_download(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content");
	struct partial p;

	assert_int_equal(partial_open(s, &d, &p, NULL), 0);
	assert_int_equal(bring(s, &d, 7, "content", NULL), 0);
	assert_true(try_exists(s, p.path));
	assert_true(blob_exists(s, &d, NULL));
	partial_close(s, &p);
	assert_int_equal(try_count(s, "larder/tmp"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(right),
		IN_STORE(wrong),
		IN_STORE(left_over),
		IN_STORE(beside_a_download),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
