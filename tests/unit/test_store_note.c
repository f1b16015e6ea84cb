/* Notes: what was written is read, and nothing else. */
#include "unit.h"

#include "store/note.h"
#include "store_try.h"

#define PATH "larder/some/note"

static int read_back(struct store *s, size_t limit, char out[64], struct err *e)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(limit);
	int rc = note_read(s, PATH, &b, e);

	snprintf(out, 64, "%s", buf_str(&b));
	return rc;
}

static void comes_back(void **state)
{
	static const char *const texts[] = { "", "x", "two\nlines\n", "ends so\n\n" };
	struct store *s = try_store(state);
	char got[64];
	struct err e;

	assert_int_equal(read_back(s, 50, got, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(note_write(s, PATH, view_of(texts[i]), i % 2, &e), 0);
		assert_int_equal(read_back(s, 50, got, &e), 0);
		assert_string_equal(got, texts[i]);
	}
	assert_int_equal(note_write(s, PATH, view_of("12345"), false, &e), 0);
	assert_int_equal(read_back(s, 5, got, &e), 0);
	assert_int_equal(read_back(s, 4, got, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
}

/* Every bit, and every length. */
static void any_change_is_seen(void **state)
{
	struct store *s = try_store(state);
	CLEANUP(buf_done)
	struct buf was = BUF_INIT(200);
	char got[64], bad[200];
	struct err e;
	size_t bit, n;

	assert_int_equal(note_write(s, PATH, view_of("application/x"), false, &e), 0);
	assert_int_equal(fs_read(s->dirfd, PATH, &was, &e), 0);
	for (bit = 0; bit < was.n * 8; bit++) {
		memcpy(bad, was.p, was.n + 1);
		bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
		if (strlen(bad) < was.n)
			continue; /* try_put takes texts */
		try_put(s, PATH, bad);
		assert_int_equal(read_back(s, 100, got, &e), -1);
		assert_int_equal(e.kind, ERR_CORRUPT);
		assert_string_equal(got, "");
	}
	for (n = 0; n < was.n; n++) {
		memcpy(bad, was.p, n);
		bad[n] = '\0';
		try_put(s, PATH, bad);
		assert_int_equal(read_back(s, 100, got, &e), -1);
		assert_int_equal(e.kind, ERR_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(comes_back),
		IN_STORE(any_change_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
