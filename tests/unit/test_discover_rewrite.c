/* References pinned in place and taken back: the same bytes, whatever the text. */
#include "discover_try.h"

#include "discover/dockerfile.h"
#include "discover/rewrite.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

/* All that a Dockerfile names gets digest; to what, in out. */
static void pin(const char *text, const char *digest, struct buf *out)
{
	const struct dockerfile d = { .any_platform = true };
	struct rewrite_place place[20];
	struct discover_try t;
	size_t i, n = 0;

	discover_try_begin(&t, FIND_DOCKERFILE, text);
	dockerfile_read(&t.r, &d);
	finds_settle(&t.finds);
	for (i = 0; i < t.finds.n; i++) {
		const struct find *f = t.finds.v[i];
		bool ours = rewrite_written(t.r.text, f).n > 0;

		if ((strchr(f->text, '@') == NULL || ours) &&
		    rewrite_why_not(t.r.text, f) == NULL)
			place[n++] = (struct rewrite_place){ f->off, f->len, digest };
	}
	assert_int_equal(rewrite_pin(t.r.text, FIND_DOCKERFILE, place, n, out), 0);
	finds_done(&t.finds);
}

static void unpins(struct view text, const char *want, size_t n, size_t left)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1u << 20);
	size_t got, over;

	assert_int_equal(rewrite_unpin(text, &out, &got, &over), 0);
	assert_string_equal(buf_str(&out), want);
	assert_int_equal(got, n);
	assert_int_equal(over, left);
}

static void there_and_back(const char *text, const char *want, size_t n)
{
	CLEANUP(buf_done)
	struct buf once = BUF_INIT(1u << 20);
	CLEANUP(buf_done)
	struct buf again = BUF_INIT(1u << 20);
	CLEANUP(buf_done)
	struct buf other = BUF_INIT(1u << 20);

	pin(text, D1, &once);
	if (want != NULL)
		assert_string_equal(buf_str(&once), want);
	unpins(buf_view(&once), text, n, 0);
	/* Pinned once more nothing changes, to another digest nothing but that. */
	pin(buf_str(&once), D1, &again);
	assert_string_equal(buf_str(&again), buf_str(&once));
	pin(buf_str(&once), D2, &other);
	if (n > 0)
		assert_non_null(strstr(buf_str(&other), "@" D2));
	assert_null(strstr(buf_str(&other), "@" D1));
	unpins(buf_view(&other), text, n, 0);
}

static void dockerfiles(void **state)
{
	there_and_back("FROM python:3.11-slim AS x\n",
		       "# larder lock: python:3.11-slim\nFROM python:3.11-slim@" D1
		       " AS x\n",
		       1);
	there_and_back("FROM python", "# larder lock: python\nFROM python@" D1, 1);
	there_and_back(
		"# syntax=a/b\n# escape=`\n\n\tFROM \"a:1\"\t\r\nRUN x\r\n",
		"# syntax=a/b\n# escape=`\n\n\t# larder lock: a:1\r\n\tFROM \"a:1@" D1
		"\"\t\r\nRUN x\r\n",
		1);
	there_and_back("\xef\xbb\xbf"
		       "FROM a",
		       "\xef\xbb\xbf"
		       "# larder lock: a\nFROM a@" D1,
		       1);
	there_and_back("ARG V=1\nFROM a:$V\nFROM b:1@" D2 "\n", NULL, 0);
	there_and_back("FROM a\nFROM a\nFROM aa\nFROM x/a\nCOPY --from=a a /a\n", NULL,
		       5);
	there_and_back("FROM a\nRUN --mount=from=b,source=b --mount=from=b:1 \\\n"
		       "   --mount=source=c,from=c b c\n",
		       "# larder lock: a\nFROM a@" D1 "\n"
		       "# larder lock: b\n# larder lock: b:1\n"
		       "RUN --mount=from=b@" D1 ",source=b --mount=from=b:1@" D1 " \\\n"
		       "   # larder lock: c\n   --mount=source=c,from=c@" D1 " b c\n",
		       4);
	there_and_back("FROM \\\n  # x\n  a:1 \\\n AS b\n", NULL, 1);
	there_and_back("", "", 0);
	there_and_back("RUN <<E\nFROM a\nE\nFROM localhost:5000/x:1\n", NULL, 1);
}

static void others_digests_and_comments_stay(void **state)
{
	static const char *const rows[] = {
		"FROM a@" D1 "\n",
		"# larder lock:\nFROM a@" D1 "\n",
		"#larder lock: a\nFROM a@" D1 "\n",
		"# larder lock: a b\nFROM a@" D1 "\n",
		"x # larder lock: a\nFROM a@" D1 "\n",
		"/ larder lock: a\nFROM a@" D1 "\n",
		"# larder lock: a",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		unpins(view_of(rows[i]), rows[i], 0, 0);
	/* What was changed since is not guessed at. */
	unpins(VIEW("# larder lock: a\nFROM b@" D1 "\n"),
	       "# larder lock: a\nFROM b@" D1 "\n", 0, 1);
	unpins(VIEW("# larder lock: a\nFROM x/a@" D1 "\n"),
	       "# larder lock: a\nFROM x/a@" D1 "\n", 0, 1);
	unpins(VIEW("# larder lock: a\n\nFROM a@" D1 "\n"),
	       "# larder lock: a\n\nFROM a@" D1 "\n", 0, 1);
	unpins(VIEW("# larder lock: a\n# larder lock: b\nFROM b@" D1 " x\n"),
	       "# larder lock: a\nFROM b x\n", 1, 1);
	unpins(VIEW("# larder lock: a\nFROM a@sha256:12\n"),
	       "# larder lock: a\nFROM a@sha256:12\n", 0, 1);
}

static void lines_of_other_kinds(void **state)
{
	static const struct {
		const char *text;
		enum find_kind kind;
		bool can;
	} rows[] = {
		{ "    image: IMG\n", FIND_COMPOSE, true },
		{ "- image: \"IMG\"\n", FIND_KUBERNETES, true },
		{ "  - - IMG\n", FIND_GITLAB, true },
		{ "- uses: docker://IMG\n", FIND_GITHUB, true },
		{ "  \"image\": \"IMG\",\n", FIND_DEVCONTAINER, true },
		{ "a: {image: IMG}\n", FIND_COMPOSE, false },
		{ "services: [IMG]\n", FIND_GITLAB, false },
		{ "  - base=docker-image://IMG\n", FIND_COMPOSE, false },
		{ "--platform=linux/amd64 IMG\n", FIND_LIST, true },
		{ "image: &a IMG\n", FIND_COMPOSE, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct find f = { .kind = rows[i].kind,
				  .file = "f",
				  .where = "image",
				  .text = "IMG",
				  .len = 3 };
		struct view text = view_of(rows[i].text);
		struct rewrite_place place = { 0, 3, D1 };
		CLEANUP(buf_done)
		struct buf out = BUF_INIT(1000);

		f.off = place.off = (size_t)(strstr(rows[i].text, "IMG") - rows[i].text);
		assert_int_equal(rewrite_why_not(text, &f) == NULL, rows[i].can);
		if (!rows[i].can)
			continue;
		assert_int_equal(rewrite_pin(text, f.kind, &place, 1, &out), 0);
		assert_non_null(strstr(buf_str(&out), rows[i].kind == FIND_DEVCONTAINER
							      ? "// larder lock: IMG\n"
							      : "# larder lock: IMG\n"));
		unpins(buf_view(&out), rows[i].text, 1, 0);
	}
}

static void why_not(void **state)
{
	struct find f = {
		.kind = FIND_DOCKERFILE, .file = "f", .where = "FROM", .text = "a:$V"
	};
	struct view text = VIEW("FROM a:$V\n");

	assert_non_null(strstr(rewrite_why_not(text, &f), "variables"));
	f.text = "ab";
	assert_non_null(strstr(rewrite_why_not(text, &f), "one piece"));
	f.off = 5;
	f.len = 2;
	assert_non_null(strstr(rewrite_why_not(text, &f), "changed"));
	f.off = 9;
	assert_non_null(strstr(rewrite_why_not(text, &f), "changed"));
	f.off = 5;
	f.text = "a:";
	assert_null(rewrite_why_not(text, &f));
	f.where = "# syntax";
	assert_non_null(strstr(rewrite_why_not(text, &f), "directive"));
	f.where = "image";
	f.file = "x.json";
	assert_non_null(strstr(rewrite_why_not(text, &f), "JSON"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dockerfiles),
		cmocka_unit_test(others_digests_and_comments_stay),
		cmocka_unit_test(lines_of_other_kinds),
		cmocka_unit_test(why_not),
	};

	return cmocka_run_group_tests_name("discover/rewrite", tests, NULL, NULL);
}
