/* What is written down of a scrub: torn, nonsense, of another larder, too small. */
#include "unit.h"

#include "scrub_try.h"
#include "store/note.h"

static struct told parts;

static void counts(void *arg, const struct scrub_finding *f)
{
	assert_int_equal(f->kind, SCRUB_MISSING);
	assert_int_equal(f->images, SCRUB_MAX_IMAGES);
}

static const char *alive(struct store *s)
{
	static char text[DIGEST_TEXT_MAX];
	struct digest d = put_blob(s, "layer 0 0");

	digest_text(&d, text);
	return text;
}

/* Any bytes at all behind a right check: it ends, in order. */
static void nonsense(void **state)
{
	struct store *s = try_store(state);
	struct buf text = BUF_INIT(100000), bad = BUF_INIT(100000);
	struct scrub_ask ask = ask_of(s, &parts);
	struct scrubbed out;
	struct err e;
	unsigned seed = 1;
	int i, k;

	fill(s);
	plant(s);
	parts.left = 60;
	assert_int_equal(scrub_run(&ask, &out, &e), -1);
	assert_int_equal(note_read(s, LAYOUT_SCRUB_STATE, &text, &e), 0);
	assert_non_null(strstr(buf_str(&text), "\nw "));
	for (i = 0; i < 300; i++) {
		buf_clear(&bad);
		buf_add(&bad, text.p, text.n);
		for (k = 0; k < 1 + i % 5; k++) {
			seed = seed * 1103515245 + 12345;
			bad.p[(seed >> 8) % bad.n] = "0 9\nwis:/@-a\0"[(seed >> 4) % 14];
		}
		bad.n -= i % 3 == 0 ? (seed >> 12) % bad.n : 0;
		note_write(s, LAYOUT_SCRUB_STATE, buf_view(&bad), false, NULL);
		ask = ask_of(s, &parts);
		ask.look = true;
		parts.left = 3;
		scrub_run(&ask, &out, &e);
	}
	buf_done(&text);
	buf_done(&bad);
}

/* Too many wounds, of too long names, for the state: a walk over names is not cut then,
 * and begins anew where it was killed. */
static void more_than_it_holds(void **state)
{
	struct store *s = try_store(state);
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	char text[DIGEST_TEXT_MAX], name[230], tag[140], layer[40];
	struct scrub_ask ask = ask_of(s, &parts);
	struct reponame repository;
	struct manifest parsed;
	struct scrub_state st;
	struct scrubbed out = { 0 };
	struct stored *m;
	struct digest d;
	struct err e;
	int i, runs;

	memset(name, 'a', sizeof(name));
	memcpy(name, "own/", 4);
	name[sizeof(name) - 1] = '\0';
	repository = try_name(name);
	d = put_blob(s, "{}");
	digest_text(&d, text);
	buf_addf(&body,
		 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":"
		 "\"%s\",\"size\":2},\"layers\":[",
		 text);
	for (i = 0; i < 2500; i++) {
		snprintf(layer, sizeof(layer), "layer %d", i);
		d = try_digest(layer);
		digest_text(&d, text);
		buf_addf(&body, "%s{\"mediaType\":\"a/b\",\"digest\":\"%s\",\"size\":9}",
			 i > 0 ? "," : "", text);
	}
	buf_adds(&body, "]}");
	m = try_stored(buf_str(&body), MEDIATYPE_OCI_MANIFEST);
	assert_int_equal(manifest_parse(buf_view(&body), &parsed, &e), 0);
	assert_int_equal(mstore_put(s, &repository, m, &parsed, &e), 0);
	for (i = 0; i < SCRUB_MAX_IMAGES; i++) {
		memset(tag, 'a' + i, sizeof(tag));
		tag[128] = '\0';
		assert_int_equal(tag_set(s, &repository, tag, &m->digest, &e), 0);
	}
	manifest_done(&parsed);
	stored_unref(m);
	image(s, "own/b", "config", "layer", "1");
	ask.slice_ms = 1;
	ask.found = counts;
	for (runs = 0; !out.complete; runs++) {
		assert_in_range(runs, 0, SCRUB_PLACES);
		assert_int_equal(scrub_run(&ask, &out, &e), 0);
	}
	assert_int_equal(out.harmed, 2500);
	scrub_state_read(s, &st);
	assert_true(st.ended_ms > 0 && st.harmed == 2500);
	buf_done(&body);
}

/* Whatever of it is there: it is whole, or there was no pass. */
static void torn(void **state)
{
	static const char *const none[] = {
		"",
		"3 1 1 0 0",
		"2 1 1 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\n",
		"2 1 1 0 9999 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\n",
		"2 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\n",
		"2 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nUPPER\n",
		"2 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
	};
	static const char *const lines[] = {
		"w 0 0 0 0 sha256:12 why", "i own/a:1", "x",
		"w 99 0 0 0 sha256:12 w",  "s own/a",	"w",
	};
	struct store *s = try_store(state);
	struct buf text = BUF_INIT(100000);
	struct scrub_state st;
	struct scrub_ask ask;
	struct scrubbed out;
	struct err e;
	size_t i, n;

	fill(s);
	for (i = 0; i < ARRAY_LEN(none); i++) {
		note_write(s, LAYOUT_SCRUB_STATE, view_of(none[i]), false, NULL);
		scrub_state_read(s, &st);
		assert_true(st.began_ms == 0 && st.ended_ms == 0 && st.harmed == 0);
	}
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		buf_clear(&text);
		buf_addf(&text,
			 "2 1 1 2 8192 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nown/0\n%s\n",
			 lines[i]);
		note_write(s, LAYOUT_SCRUB_STATE, buf_view(&text), false, NULL);
		ask = ask_of(s, &parts);
		assert_int_equal(scrub_run(&ask, &out, &e), 0);
		assert_true(out.complete);
		assert_int_equal(out.blobs, REPOSITORIES * (3 * IMAGES - 1) + 1);
	}
	/* One of before: when that was through is known, and no more. */
	note_write(s, LAYOUT_SCRUB_STATE, view_of("1 5 77 400 3 4 2 1 1"), false, NULL);
	scrub_state_read(s, &st);
	assert_true(st.began_ms == 0 && st.ended_ms == 77 && st.harmed == 2 &&
		    st.at == 0);
	/* Of what is torn, nothing counts. */
	buf_clear(&text);
	buf_addf(&text,
		 "2 1 1 5 8192 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\n"
		 "w 0 0 0 0 %s wrong\ni own/a:1\n",
		 alive(s));
	note_write(s, LAYOUT_SCRUB_STATE, buf_view(&text), false, NULL);
	ask = ask_of(s, &parts);
	assert_int_equal(scrub_run(&ask, &out, &e), 0);
	assert_int_equal(parts.n, 0);
	/* Cut anywhere. */
	plant(s);
	ask = ask_of(s, &parts);
	parts.left = 60;
	assert_int_equal(scrub_run(&ask, &out, &e), -1);
	buf_clear(&text);
	assert_int_equal(fs_read(s->dirfd, LAYOUT_SCRUB_STATE, &text, &e), 0);
	for (n = 0; n < text.n; n++) {
		char was = text.p[n];

		text.p[n] = '\0';
		try_put(s, LAYOUT_SCRUB_STATE, text.p);
		text.p[n] = was;
		scrub_state_read(s, &st);
		assert_true(st.began_ms == 0 && st.at == 0);
	}
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(torn),
		IN_STORE(nonsense),
		IN_STORE(more_than_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
