/* Merkle proofs of every entry of every small tree, and checkpoints. */
#include "evidence_try.h"

#include "codec/base64.h"
#include "trust/tlog.h"

#define TREE_MAX 33

static void node(const tlog_hash a, const tlog_hash b, tlog_hash out)
{
	unsigned char both[1 + 2 * TLOG_HASH_BYTES] = { 1 };
	struct digest d;

	memcpy(both + 1, a, TLOG_HASH_BYTES);
	memcpy(both + 1 + TLOG_HASH_BYTES, b, TLOG_HASH_BYTES);
	digest_of(HASH_SHA256, both, sizeof(both), &d);
	memcpy(out, d.bytes, TLOG_HASH_BYTES);
}

static size_t split(size_t n)
{
	size_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

/* RFC 6962 section 2.1, by the book. */
static void root_of(const tlog_hash *leaf, size_t n, tlog_hash out)
{
	tlog_hash left, right;

	if (n == 1) {
		memcpy(out, leaf[0], TLOG_HASH_BYTES);
		return;
	}
	root_of(leaf, split(n), left);
	root_of(leaf + split(n), n - split(n), right);
	node(left, right, out);
}

static size_t path_of(size_t i, const tlog_hash *leaf, size_t n, tlog_hash *out)
{
	size_t k = split(n), used;

	if (n == 1)
		return 0;
	if (i < k) {
		used = path_of(i, leaf, k, out);
		root_of(leaf + k, n - k, out[used]);
	} else {
		used = path_of(i - k, leaf + k, n - k, out);
		root_of(leaf, k, out[used]);
	}
	return used + 1;
}

static void trees(void **state)
{
	tlog_hash leaf[TREE_MAX], path[TLOG_MAX_HASHES + 1] = { { 0 } }, want, got;
	size_t n, i, used;
	struct err e;

	for (i = 0; i < TREE_MAX; i++) {
		char c = (char)i;

		tlog_leaf((struct view){ &c, 1 }, leaf[i]);
	}
	for (n = 1; n <= TREE_MAX; n++) {
		root_of(leaf, n, want);
		for (i = 0; i < n; i++) {
			used = path_of(i, leaf, n, path);
			assert_int_equal(tlog_root(leaf[i], i, n, path, used, got, &e),
					 0);
			assert_memory_equal(got, want, sizeof(want));
			assert_err(tlog_root(leaf[i], i, n, path, used + 1, got, &e), e,
				   ERR_INVALID);
			if (used > 0)
				assert_err(
					tlog_root(leaf[i], i, n, path, used - 1, got, &e),
					e, ERR_INVALID);
			if (i + 1 < n &&
			    tlog_root(leaf[i], i + 1, n, path, used, got, &e) == 0)
				assert_memory_not_equal(got, want, sizeof(want));
		}
		assert_err(tlog_root(leaf[0], n, n, path, 0, got, &e), e, ERR_INVALID);
	}
	assert_err(tlog_root(leaf[0], 0, 0, path, 0, got, &e), e, ERR_INVALID);
	assert_err(tlog_root(leaf[0], UINT64_MAX - 1, UINT64_MAX, path, 64, got, &e), e,
		   ERR_INVALID);
}

static void leaves(void **state)
{
	/* The hash of an empty leaf, as certificate transparency's own tests have it. */
	static const unsigned char want[] = { 0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3,
					      0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6 };
	tlog_hash got;

	tlog_leaf((struct view){ NULL, 0 }, got);
	assert_memory_equal(got, want, sizeof(want));
}

static void fixture_root(struct trustroot *root)
{
	CLEANUP(buf_done)
	struct buf text;
	struct err e;

	evidence_try_read(FIXTURE("trusted_root.json"), &text);
	memset(root, 0, sizeof(*root));
	assert_int_equal(trustroot_read_json(root, buf_view(&text), &e), 0);
	assert_int_equal(root->nlogs, 2);
}

/* The checkpoint inside a recorded bundle. */
static char *fixture_checkpoint(const char *name)
{
	struct evidence ev;
	struct json *o;
	char *text;

	evidence_try_load(name, &ev);
	o = json_parse(buf_view(&ev.item[0].body), NULL);
	text = mem_dup(json_get_str(
		json_get(json_get(json_at(json_get(json_get(o, "verificationMaterial"),
						   "tlogEntries"),
					  0),
				  "inclusionProof"),
			 "checkpoint"),
		"envelope"));
	json_free(o);
	evidence_done(&ev);
	return text;
}

static int check(const char *text, const struct trustroot_log *log, uint64_t *size,
		 struct err *e)
{
	tlog_hash root;

	return tlog_checkpoint(view_of(text), log, size, root, e);
}

static void checkpoints(void **state)
{
	static const char *const names[] = { "keyless-dsse", "keyless-second" };
	struct trustroot root;
	uint64_t size;
	struct err e;

	fixture_root(&root);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(mem_freep)
		char *text = fixture_checkpoint(names[i]);
		CLEANUP(mem_freep)
		char *twice = NULL, *more = NULL, *cut = NULL;
		const char *line = strstr(text, "\n\n") + 2;

		assert_int_equal(check(text, &root.log[i], &size, &e), 0);
		assert_int_equal(size, 11);
		assert_err(check(text, &root.log[1 - i], &size, &e), e, ERR_DENIED);
		twice = mem_fmt("%s%s", text, line);
		assert_err(check(twice, &root.log[i], &size, &e), e, ERR_DENIED);
		more = mem_fmt("%sx", text);
		assert_err(check(more, &root.log[i], &size, &e), e, ERR_INVALID);
		/* A witness that nobody knows is no harm. */
		mem_freep(&more);
		more = mem_fmt("%s\xe2\x80\x94 witness.test AAAAAAAA\n", text);
		assert_int_equal(check(more, &root.log[i], &size, &e), 0);
		cut = mem_dupn(text, (size_t)(line - text));
		assert_err(check(cut, &root.log[i], &size, &e), e, ERR_DENIED);
	}
	assert_err(check("", &root.log[0], &size, &e), e, ERR_INVALID);
	assert_err(check("a\n\n", &root.log[0], &size, &e), e, ERR_INVALID);
	assert_err(check("a\n01\nAAAA\n\n", &root.log[0], &size, &e), e, ERR_INVALID);
	assert_err(check("a\n1\nAAAA\n\n", &root.log[0], &size, &e), e, ERR_INVALID);
	trustroot_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),
		cmocka_unit_test(leaves),
		cmocka_unit_test(checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
