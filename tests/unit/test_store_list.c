/* Lists: the order of whole names, every page size from every place, and junk. */
#include "unit.h"

#include "store_try.h"
#include "store/layout.h"
#include "store/list.h"
#include "store/tag.h"

static const char *const in_order[] = { "a",   "a-b",	    "a-b/c", "a.b",
					"a/b", "a/b/c",	    "a/b0",  "a/c-d",
					"a0",  "library/x", "z/z/z" };
#define REPOSITORIES ARRAY_LEN(in_order)

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define IN_A LAYOUT_REPOSITORIES "/a/_manifests/revisions/"

static void add_repository(struct store *s, const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), LAYOUT_REPOSITORIES "/%s/_manifests/revisions",
		 name);
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
}

static void add_all(struct store *s)
{
	size_t i;

	for (i = REPOSITORIES; i-- > 0;)
		add_repository(s, in_order[i]);
}

/* The names in b are want[from] and the n - 1 after it. */
static void assert_names(const struct buf *b, const char *const *want, size_t from,
			 size_t n)
{
	const char *p = buf_str(b), *end = p + b->n;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_true(p < end);
		assert_string_equal(p, want[from + i]);
		p += strlen(p) + 1;
	}
	assert_ptr_equal(p, end);
}

static void nothing_yet(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct err e = { 0 };
	bool more = true;

	assert_int_equal(list_repositories(s, "", 10, &out, &more, &e), 0);
	assert_false(more);
	assert_int_equal(out.n, 0);
	assert_err(list_tags(s, &a, "", 10, &out, &more, &e), e, ERR_NOT_FOUND);
	assert_int_equal(list_page(view_of(NULL), "", 10, &out, &more, &e), 0);
	assert_false(more);
}

/* Every page length, from every name and from between any two. */
static void pages_of_repositories(void **state)
{
	struct store *s = try_store(state);
	size_t from, max;
	struct err e;
	bool more;

	add_all(s);
	for (from = 0; from <= REPOSITORIES; from++) {
		for (max = 0; max <= REPOSITORIES + 1; max++) {
			CLEANUP(buf_done)
			struct buf out = BUF_INIT(1000), same = BUF_INIT(1000);
			size_t left = REPOSITORIES - from, n = max < left ? max : left;
			char between[64] = "";

			assert_int_equal(list_repositories(s,
							   from ? in_order[from - 1] : "",
							   max, &out, &more, &e),
					 0);
			assert_names(&out, in_order, from, n);
			assert_int_equal(more, n < left);
			if (from == 0)
				continue;
			snprintf(between, sizeof(between), "%s!", in_order[from - 1]);
			assert_int_equal(
				list_repositories(s, between, max, &same, &more, &e), 0);
			assert_names(&same, in_order, from, n);
			buf_done(&same);
		}
	}
}

static void last_need_not_exist(void **state)
{
	static const struct {
		const char *last;
		size_t from;
	} rows[] = {
		{ "A", 0 },	   { "a-a", 1 },     { "a-b/", 2 },  { "a/", 4 },
		{ "a/b/", 5 },	   { "a/b/zzz", 6 }, { "b", 9 },     { "library", 9 },
		{ "z/z/z/z", 11 }, { "~", 11 },	     { "\xff", 11 },
	};
	struct store *s = try_store(state);
	struct err e;
	bool more;
	size_t i;

	add_all(s);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_done)
		struct buf out = BUF_INIT(1000);

		assert_int_equal(list_repositories(s, rows[i].last, 100, &out, &more, &e),
				 0);
		assert_names(&out, in_order, rows[i].from, REPOSITORIES - rows[i].from);
	}
}

/* What has blobs only, as between the parts of a push. */
static void a_repository_without_manifests(void **state)
{
	static const char *const want[] = { "layers/only" };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct store *s = try_store(state);
	struct err e;
	bool more;

	try_put(s, LAYOUT_REPOSITORIES "/layers/only/_layers/x", "");
	assert_int_equal(list_repositories(s, "", 100, &out, &more, &e), 0);
	assert_names(&out, want, 0, 1);
}

static void junk_is_passed_over(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct store *s = try_store(state);
	struct err e;
	bool more;

	add_all(s);
	try_put(s, LAYOUT_REPOSITORIES "/file", "");
	try_put(s, LAYOUT_REPOSITORIES "/a/file", "");
	try_put(s, LAYOUT_REPOSITORIES "/UPPER/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/with space/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/\xff\xfe/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/new\nline/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/.hidden/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/-dash/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/lost+found/_manifests/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/empty/nothing/below/x", "");
	try_put(s, LAYOUT_REPOSITORIES "/_manifests/tags/x", "");
	assert_int_equal(list_repositories(s, "", 100, &out, &more, &e), 0);
	assert_names(&out, in_order, 0, REPOSITORIES);
	assert_false(more);
}

/* As deep as a name may go, and as long. */
static void the_deepest_and_the_longest(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(10000);
	char deep[NAME_MAX_BYTES + 1], below[300], *longest;
	struct store *s = try_store(state);
	const char *want[3];
	struct err e;
	bool more;
	size_t i;

	for (i = 0; i < NAME_MAX_BYTES; i++)
		deep[i] = i % 2 ? '/' : 'd';
	deep[i] = '\0';
	longest = unit_repeat('l', NAME_MAX_BYTES);
	add_repository(s, deep);
	snprintf(below, sizeof(below), "%s/toodeep", deep);
	add_repository(s, below);
	add_repository(s, longest);
	want[0] = deep;
	want[1] = longest;
	assert_int_equal(list_repositories(s, "", 100, &out, &more, &e), 0);
	assert_names(&out, want, 0, 2);
	test_free(longest);
}

static void answers_at_the_limit(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(4), small = BUF_INIT(3);
	struct store *s = try_store(state);
	struct err e = { 0 };
	bool more;

	add_repository(s, "abc");
	assert_int_equal(list_repositories(s, "", 1, &out, &more, &e), 0);
	assert_err(list_repositories(s, "", 1, &small, &more, &e), e, ERR_LIMIT);
	buf_done(&small);
}

static void tags(void **state)
{
	static const char *const want[] = { "1",  "1-a", "1.0",	    "A",
					    "_x", "a",	 "current", "torn" };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct digest d = try_digest("x");
	struct err e;
	size_t i, max;
	bool more;

	for (i = ARRAY_LEN(want) - 1; i-- > 0;)
		assert_int_equal(tag_set(s, &a, want[i], &d, &e), 0);
	try_put(s, LAYOUT_REPOSITORIES "/a/_manifests/tags/torn/current/link", "");
	try_put(s, LAYOUT_REPOSITORIES "/a/_manifests/tags/with space/current/link", "");
	try_put(s, LAYOUT_REPOSITORIES "/a/_manifests/tags/-dash/current/link", "");
	try_put(s, LAYOUT_REPOSITORIES "/a/_manifests/tags/.hidden/current/link", "");
	try_put(s, LAYOUT_REPOSITORIES "/a/_manifests/tags/sha256:12/current/link", "");
	for (i = 0; i <= ARRAY_LEN(want); i++)
		for (max = 0; max <= ARRAY_LEN(want) + 1; max++) {
			size_t left = ARRAY_LEN(want) - i, n = max < left ? max : left;

			buf_clear(&out);
			assert_int_equal(list_tags(s, &a, i ? want[i - 1] : "", max, &out,
						   &more, &e),
					 0);
			assert_names(&out, want, i, n);
			assert_int_equal(more, n < left);
		}
}

/* What came from an upstream: any order, perhaps twice. */
static void pages_in_memory(void **state)
{
	static const char *const want[] = { "a", "a-b", "a.b", "b" };
	static const char names[] = "b\0a\0a.b\0a\0a-b\0b\0";
	size_t i, max;
	struct err e;
	bool more;

	for (i = 0; i <= ARRAY_LEN(want); i++)
		for (max = 0; max <= ARRAY_LEN(want) + 1; max++) {
			CLEANUP(buf_done)
			struct buf out = BUF_INIT(100);
			size_t left = ARRAY_LEN(want) - i, n = max < left ? max : left;

			assert_int_equal(
				list_page((struct view){ names, sizeof(names) - 1 },
					  i ? want[i - 1] : "", max, &out, &more, &e),
				0);
			assert_names(&out, want, i, n);
			assert_int_equal(more, n < left);
		}
}

/* By digest, both algorithms, and nothing that is none. */
static void manifests(void **state)
{
	static const char *const want[] = { "sha256:" HEX_1, "sha256:" HEX_2,
					    "sha512:" HEX_1 HEX_2 };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct store *s = try_store(state);
	struct reponame a = try_name("a");
	struct err e = { 0 };
	bool more;

	assert_err(list_manifests(s, &a, "", 10, &out, &more, &e), e, ERR_NOT_FOUND);
	try_put(s, IN_A "sha512/" HEX_1 HEX_2 "/link", "x");
	try_put(s, IN_A "sha256/" HEX_2 "/link", "x");
	try_put(s, IN_A "sha256/" HEX_1 "/link", "x");
	try_put(s, IN_A "sha256/short/link", "x");
	try_put(s, IN_A "md5/" HEX_1 "/link", "x");
	assert_int_equal(list_manifests(s, &a, "", 10, &out, &more, &e), 0);
	assert_names(&out, want, 0, 3);
	assert_false(more);
	buf_clear(&out);
	assert_int_equal(list_manifests(s, &a, want[0], 1, &out, &more, &e), 0);
	assert_names(&out, want, 1, 1);
	assert_true(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(nothing_yet),		IN_STORE(pages_of_repositories),
		IN_STORE(last_need_not_exist),	IN_STORE(a_repository_without_manifests),
		IN_STORE(junk_is_passed_over),	IN_STORE(the_deepest_and_the_longest),
		IN_STORE(answers_at_the_limit), IN_STORE(tags),
		IN_STORE(pages_in_memory),	IN_STORE(manifests),
	};

	return cmocka_run_group_tests_name("store/list", tests, NULL, NULL);
}
