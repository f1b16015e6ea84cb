/* oci/lockfile: what is read, what is refused and with which words, and that writing is
 * stable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "oci/lockfile.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char whole[] = "larder-lock 1\n"
			    "# For all of us.\n"
			    "\n"
			    "docker.io/library/alpine:3.19\n"
			    "  digest     " A "\n"
			    "  type       application/vnd.oci.image.index.v1+json\n"
			    "  platforms  linux/amd64, linux/arm64/v8\n"
			    "  for        linux/amd64\n"
			    "  from       https://registry-1.docker.io\n"
			    "  locked     2026-11-26T06:00:00Z\n"
			    "\n"
			    "# Held back until the new one has been tried.\n"
			    "quay.io/x/y:1\n"
			    "  digest     " B "\n"
			    "  as-of      2026-11-01T00:00:00Z\n"
			    "\n"
			    "# The end.\n";

static void parse(struct lockfile *l, const char *text)
{
	struct err e = { .msg = "" };

	if (lockfile_parse(view_of(text), l, &e) != 0)
		fail_msg("%s", e.msg);
}

static char *written(const struct lockfile *l)
{
	struct buf out = BUF_INIT(LOCKFILE_MAX_BYTES);
	struct err e;

	assert_int_equal(lockfile_write(l, &out, &e), 0);
	return out.p;
}

static void test_reads_all(void **state)
{
	struct lockfile l;
	const struct lockfile_entry *entry;
	char *again;

	parse(&l, whole);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.head, "# For all of us.\n");
	assert_string_equal(l.tail, "# The end.\n");
	entry = lockfile_find(&l, "docker.io", "library/alpine", "3.19");
	assert_non_null(entry);
	assert_string_equal(entry->media_type, "application/vnd.oci.image.index.v1+json");
	assert_string_equal(entry->from, "https://registry-1.docker.io");
	assert_int_equal(entry->locked_s, 1795672800);
	assert_int_equal(entry->nplatforms, 2);
	assert_string_equal(entry->platform[1].variant, "v8");
	assert_int_equal(entry->nwishes, 1);
	assert_int_equal(entry->line, 4);
	assert_null(entry->comment);
	entry = lockfile_find(&l, "quay.io", "x/y", "1");
	assert_string_equal(entry->comment,
			    "# Held back until the new one has been tried.\n");
	assert_string_equal(entry->media_type, "");
	assert_int_equal(entry->as_of_s, 1793491200);
	again = written(&l);
	assert_string_equal(again, whole);
	free(again);
	lockfile_done(&l);
	lockfile_done(&l);
}

/* Hands and other systems' editors. */
static void test_forms(void **state)
{
	struct lockfile l;
	char *again;

	parse(&l, "\xef\xbb\xbflarder-lock 1\r\nquay.io/x/y:1\r\n\tdigest\t" B
		  "\r\n\r\nalpine:3.19\r\n digest " A);
	assert_int_equal(l.n, 2);
	assert_non_null(lockfile_find(&l, "docker.io", "library/alpine", "3.19"));
	again = written(&l);
	assert_string_equal(again, "larder-lock 1\n"
				   "\n"
				   "docker.io/library/alpine:3.19\n"
				   "  digest     " A "\n"
				   "\n"
				   "quay.io/x/y:1\n"
				   "  digest     " B "\n");
	free(again);
	lockfile_done(&l);
	parse(&l, "larder-lock 1\n# a\n\n# b\n\n\n# c\nalpine\n digest " A "\n");
	assert_string_equal(l.head, "# a\n\n# b\n");
	assert_string_equal(l.entry[0]->comment, "# c\n");
	assert_string_equal(l.entry[0]->image.tag, "latest");
	lockfile_done(&l);
	parse(&l, "larder-lock 1");
	assert_int_equal(l.n, 0);
	lockfile_done(&l);
}

static void test_finds(void **state)
{
	static const char *const written_as[] = {
		"alpine:3.19",		 "library/alpine:3.19",
		"docker.io/alpine:3.19", "index.docker.io/library/alpine:3.19",
		("alpine:3.19@" B),
	};
	struct lockfile l;
	struct imageref r;
	struct err e;
	size_t i, n;

	parse(&l, whole);
	for (i = 0; i < ARRAY_LEN(written_as); i++) {
		assert_int_equal(imageref_parse(view_of(written_as[i]), &r, &e), 0);
		assert_non_null(lockfile_find_image(&l, &r));
	}
	assert_int_equal(imageref_parse(VIEW("alpine"), &r, &e), 0);
	assert_null(lockfile_find_image(&l, &r));
	assert_int_equal(imageref_parse(VIEW("alpine@" A), &r, &e), 0);
	assert_null(lockfile_find_image(&l, &r));
	assert_null(lockfile_find(&l, "quay.io", "library/alpine", "3.19"));
	assert_null(lockfile_find(&l, "docker.io", "library/alpine", "3.1"));
	assert_non_null(lockfile_find_name(&l, "docker.io", "library/alpine", &n));
	assert_int_equal(n, 1);
	assert_null(lockfile_find_name(&l, "docker.io", "library/alpin", &n));
	assert_int_equal(n, 0);
	lockfile_done(&l);
}

static void test_changes(void **state)
{
	struct lockfile l, again;
	struct lockfile_entry entry = { 0 };
	struct err e;
	char *text;

	parse(&l, whole);
	assert_int_equal(imageref_parse(VIEW("quay.io/x/y:1@" A), &entry.image, &e), 0);
	entry.locked_s = 1795672800;
	assert_int_equal(lockfile_put(&l, &entry, &e), 0);
	assert_int_equal(l.n, 2);
	/* What people said of it stays; what the old digest was does not. */
	assert_string_equal(l.entry[1]->comment,
			    "# Held back until the new one has been tried.\n");
	assert_int_equal(l.entry[1]->as_of_s, 0);
	assert_int_equal(imageref_parse(VIEW("quay.io/a/b:1@" A), &entry.image, &e), 0);
	assert_int_equal(lockfile_put(&l, &entry, &e), 0);
	assert_string_equal(l.entry[1]->image.name.s, "a/b");
	assert_true(lockfile_remove(&l, "docker.io", "library/alpine", "3.19"));
	assert_false(lockfile_remove(&l, "docker.io", "library/alpine", "3.19"));
	assert_int_equal(l.n, 2);
	text = written(&l);
	parse(&again, text);
	assert_int_equal(again.n, 2);
	free(text);
	lockfile_done(&again);
	/* Only what is written in full can be looked up. */
	assert_int_equal(imageref_parse(VIEW("alpine:1@" A), &entry.image, &e), 0);
	assert_int_equal(lockfile_put(&l, &entry, &e), -1);
	assert_int_equal(imageref_parse(VIEW("docker.io/alpine:1@" A), &entry.image, &e),
			 0);
	assert_int_equal(lockfile_put(&l, &entry, &e), -1);
	assert_int_equal(imageref_parse(VIEW("quay.io/a/b:2"), &entry.image, &e), 0);
	assert_int_equal(lockfile_put(&l, &entry, &e), -1);
	lockfile_done(&l);
}

static void refused(const char *text, enum err_kind kind, const char *words)
{
	struct lockfile l = LOCKFILE_INIT;
	struct err e = { .msg = "" };

	if (lockfile_parse(view_of(text), &l, &e) == 0)
		fail_msg("accepted: %s", text);
	assert_int_equal(e.kind, kind);
	if (strstr(e.msg, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, e.msg);
	assert_int_equal(l.n, 0);
}

#define HEAD "larder-lock 1\n"
#define IMAGE HEAD "alpine:3.19\n digest " A "\n"

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "line 1 must be \"larder-lock 1\"" },
		{ "{}\n", "this is no lock file" },
		{ "larder-lock 2\n", "version \"2\"; this larder reads version 1" },
		{ "larder-lock\n", "version \"\"" },
		{ HEAD " digest " A "\n", "line 2: \"digest\": no image's name" },
		{ HEAD "alpine:3.19\n", "line 2: alpine" /* in full */ },
		{ HEAD "alpine:3.19\n\nbusybox\n digest " A "\n", "has no digest" },
		{ HEAD "Alpine:3.19\n digest " A "\n",
		  "line 2: \"Alpine:3.19\" is no image" },
		{ HEAD "alpine:3.19@" A "\n", "a line of its own" },
		{ HEAD "alpine:3.19 busybox\n digest " A "\n", "line 2" },
		{ HEAD "alpine\n digest sha256:12\n", "line 3: \"sha256:12\"" },
		{ HEAD "alpine\n digest " A " x\n", "line 3" },
		{ HEAD "alpine\n digest\n", "line 3" },
		{ IMAGE " digest " A "\n", "line 4: \"" A "\": a second digest" },
		{ IMAGE " type a\n type b\n", "line 5: \"b\": said twice" },
		{ IMAGE " type a b\n", "one word" },
		{ IMAGE " type\n", "one word" },
		{ IMAGE " from a\n from b\n", "said twice" },
		{ IMAGE " locked yesterday\n", "write it like 2026-" },
		{ IMAGE " locked 2026-02-30T00:00:00Z\n", "no time" },
		{ IMAGE " locked 1960-01-01T00:00:00Z\n", "no time" },
		{ IMAGE " platforms linux\n", "line 4: 'linux' is no platform" },
		{ IMAGE " platforms linux/amd64,\n", "line 4" },
		{ IMAGE " platforms linux/amd64\n platforms linux/arm\n", "said twice" },
		{ IMAGE " for linux/amd64\n for linux/arm\n", "said twice" },
		{ IMAGE " digests " A "\n", "must be one of digest, type" },
		{ IMAGE " # why\n", "a comment stands above its image" },
		{ IMAGE "busybox\n digest " B
			"\ndocker.io/library/alpine:3.19\n digest " A "\n",
		  "line 6: docker.io/library/alpine:3.19 is locked in line 2 already" },
		{ HEAD "<<<<<<< HEAD\nalpine\n digest " A "\n", "merge conflict" },
		{ IMAGE "=======\n", "merge conflict" },
		{ IMAGE ">>>>>>> theirs\n", "merge conflict" },
		{ HEAD "alpine\x1b[2K:1\n", "line 2: a control character" },
		{ HEAD "# \x07\n", "line 2: a control character" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i].text, ERR_INVALID,
			strcmp(bad[i].words, "line 2: alpine") == 0
				? "line 2: docker.io/library/alpine:3.19 has no digest"
				: bad[i].words);
}

/* Each limit, from both sides. */
static void test_limits(void **state)
{
	struct buf text = BUF_INIT(2 * LOCKFILE_MAX_BYTES);
	struct lockfile l;
	struct err e;
	int i;

	buf_adds(&text, HEAD);
	for (i = 0; i < LOCKFILE_MAX_ENTRIES; i++)
		buf_addf(&text, "a:%d\n digest " A "\n", i);
	parse(&l, buf_str(&text));
	assert_int_equal(l.n, LOCKFILE_MAX_ENTRIES);
	assert_non_null(lockfile_find(&l, "docker.io", "library/a", "99999"));
	lockfile_done(&l);
	buf_adds(&text, "b\n digest " A "\n");
	refused(buf_str(&text), ERR_LIMIT, "more than 100000 images");

	buf_clear(&text);
	buf_addf(&text, HEAD "#%*s\n", LOCKFILE_MAX_LINE - 1, "");
	parse(&l, buf_str(&text));
	lockfile_done(&l);
	buf_clear(&text);
	buf_addf(&text, HEAD "#%*s\n", LOCKFILE_MAX_LINE, "");
	refused(buf_str(&text), ERR_LIMIT, "line 2: longer than 4096 bytes");

	buf_clear(&text);
	buf_adds(&text, HEAD);
	for (i = 0; i < LOCKFILE_MAX_COMMENT / 1024; i++)
		buf_addf(&text, "#%*s\n", 1022, "");
	parse(&l, buf_str(&text));
	lockfile_done(&l);
	buf_adds(&text, "#\n");
	refused(buf_str(&text), ERR_LIMIT, "line 18: comments");

	buf_clear(&text);
	buf_adds(&text, IMAGE " platforms a/b");
	for (i = 1; i < LOCKFILE_MAX_PLATFORMS; i++)
		buf_adds(&text, ",a/b");
	parse(&l, buf_str(&text));
	assert_int_equal(l.entry[0]->nplatforms, LOCKFILE_MAX_PLATFORMS);
	lockfile_done(&l);
	buf_adds(&text, ",a/b");
	refused(buf_str(&text), ERR_LIMIT, "line 4: more than 64 platforms");

	buf_clear(&text);
	buf_adds(&text, HEAD);
	while (text.n < LOCKFILE_MAX_BYTES)
		buf_adds(&text, "\n");
	parse(&l, buf_str(&text));
	assert_int_equal(lockfile_write(&l, &(struct buf){ .limit = 10 }, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	lockfile_done(&l);
	buf_adds(&text, "\n");
	refused(buf_str(&text), ERR_LIMIT, "larger than 16 MiB");
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_all), cmocka_unit_test(test_forms),
		cmocka_unit_test(test_finds),	  cmocka_unit_test(test_changes),
		cmocka_unit_test(test_refuses),	  cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
