/* A pass in parts: ended anywhere and gone on with, it finds what one in one piece finds,
 * and says the same of whom that harms; and what a state that is torn, or none, means. */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "manifest_try.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/note.h"
#include "store/quarantine.h"
#include "store/scrub.h"
#include "store/tag.h"
#include "store_try.h"

#define MOST 200
#define REPOSITORIES 6
#define IMAGES 4

struct heard {
	enum scrub_kind kind;
	layout_path path;
	size_t images;
	char image[SCRUB_MAX_IMAGES][80];
};

struct told {
	struct heard h[MOST];
	int n;
	int left; /* steps of pace() until it says no; -1: for ever */
	int steps;
};

static void found(void *arg, const struct scrub_finding *f)
{
	struct told *t = arg;
	struct heard *h = &t->h[t->n++];
	size_t i;

	assert_in_range(t->n, 1, MOST - 1);
	h->kind = f->kind;
	h->images = f->images;
	snprintf(h->path, sizeof(h->path), "%s", f->path);
	for (i = 0; i < f->nimages; i++)
		snprintf(h->image[i], sizeof(h->image[i]), "%s", f->image[i]);
}

static void counts(void *arg, const struct scrub_finding *f)
{
	assert_int_equal(f->kind, SCRUB_MISSING);
	assert_int_equal(f->images, SCRUB_MAX_IMAGES);
}

static bool pace(void *arg, uint64_t bytes)
{
	struct told *t = arg;

	t->steps++;
	if (t->left > 0)
		t->left--;
	return t->left != 0;
}

static bool is_local(void *arg, const struct reponame *name)
{
	return strncmp(name->s, "own", 3) == 0;
}

static struct digest put_blob(struct store *s, const char *text)
{
	struct digest d = try_digest(text);

	assert_int_equal(blob_put(s, &d, text, strlen(text), NULL), 0);
	return d;
}

static struct digest image(struct store *s, const char *repository, const char *config,
			   const char *layer, const char *tag)
{
	struct reponame name = try_name(repository);
	struct digest c = put_blob(s, config), l = put_blob(s, layer), d;
	char ctext[DIGEST_TEXT_MAX], ltext[DIGEST_TEXT_MAX], body[1000];
	struct manifest parsed;
	struct stored *m;
	struct err e;

	digest_text(&c, ctext);
	digest_text(&l, ltext);
	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":"
		 "\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"a/b\",\"digest\":"
		 "\"%s\",\"size\":%zu}]}",
		 ctext, strlen(config), ltext, strlen(layer));
	m = try_stored(body, MEDIATYPE_OCI_MANIFEST);
	assert_int_equal(manifest_parse(view_of(body), &parsed, &e), 0);
	assert_int_equal(mstore_put(s, &name, m, &parsed, &e), 0);
	assert_int_equal(tag_set(s, &name, tag, &m->digest, &e), 0);
	manifest_done(&parsed);
	d = m->digest;
	stored_unref(m);
	return d;
}

/* Repositories of which the last layer of each is the same, in all of them. */
static void fill(struct store *s)
{
	char name[40], config[40], layer[40], tag[8];
	int i, k;

	for (i = 0; i < REPOSITORIES; i++)
		for (k = 0; k < IMAGES; k++) {
			snprintf(name, sizeof(name), "%s/%d", i < 4 ? "own" : "there", i);
			snprintf(config, sizeof(config), "config %d %d", i, k);
			snprintf(layer, sizeof(layer), "layer %d %d", i, k);
			snprintf(tag, sizeof(tag), "%d", k);
			image(s, name, config, k == IMAGES - 1 ? "shared" : layer, tag);
		}
}

static void lose(struct store *s, const char *content)
{
	struct digest d = try_digest(content);
	layout_path path;

	blob_remove(s, &d);
	quarantine_forget(s, &d);
	layout_blob(path, &d);
	*strrchr(path, '/') = '\0';
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
}

static void spoil(struct store *s, const char *content, const char *now)
{
	struct digest d = try_digest(content);
	layout_path path;

	layout_blob(path, &d);
	try_put(s, path, now);
}

/* One of each kind, each time anew, and no pass begun. */
static void plant(struct store *s)
{
	struct reponame own = try_name("own/2"), there = try_name("there/5");
	struct digest layer = try_digest("layer 2 1"), at;
	layout_path path, folder;

	spoil(s, "shared", "sh4red");
	spoil(s, "config 3 0", "");
	spoil(s, "layer 0 0", "other");
	lose(s, "layer 1 1"); /* of a local one */
	lose(s, "layer 5 2"); /* of a mirrored one: its folder says so */
	layout_layer(path, &own, &layer);
	try_put(s, path, "torn");
	layout_tag(path, &own, "3");
	try_put(s, path, "sha2");
	if (tag_get(s, &there, "1", &at, NULL) == 0) {
		layout_tag_index(folder, &there, "1", &at);
		fs_unlink(s->dirfd, folder, NULL);
	}
	layout_tag(path, &there, "1");
	try_put(s, path, "");
	layout_tag(path, &there, "2"); /* and its history is lost */
	layout_type(path, &layer);
	try_put(s, path, "no note");
	layout_history(path, &own, "9");
	try_put(s, path, "no note");
	try_put(s, "docker/registry/v2/mine", "");
	fs_unlink(s->dirfd, LAYOUT_SCRUB_STATE, NULL);
}

static const struct heard *hears(const struct told *t, const struct heard *one)
{
	int i;

	for (i = t->n - 1; i >= 0; i--) /* the last word on it */
		if (strcmp(t->h[i].path, one->path) == 0)
			return &t->h[i];
	return NULL;
}

/* All that `whole` has, with the same images. */
static void same(const struct told *whole, const struct told *parts, int cut)
{
	int i;

	for (i = 0; i < whole->n; i++) {
		const struct heard *a = &whole->h[i], *b = hears(parts, a);
		size_t k;

		if (b == NULL)
			fail_msg("cut at %d: %s is not found", cut, a->path);
		if (b->images != a->images)
			fail_msg("cut at %d: %s harms %zu, not %zu", cut, a->path,
				 b->images, a->images);
		for (k = 0; k < a->images && k < SCRUB_MAX_IMAGES; k++)
			assert_string_equal(a->image[k], b->image[k]);
	}
	for (i = 0; i < parts->n; i++)
		if (hears(whole, &parts->h[i]) == NULL)
			fail_msg("cut at %d: %s is not wrong", cut, parts->h[i].path);
}

static struct scrub_ask ask_of(struct store *s, struct told *t)
{
	memset(t, 0, sizeof(*t));
	t->left = -1;
	return (struct scrub_ask){ .store = s,
				   .is_local = is_local,
				   .pace = pace,
				   .found = found,
				   .arg = t,
				   .go_on = true };
}

static struct told whole, parts;

/* In one piece. *steps: calls of pace(). */
static struct scrub_state in_one(struct store *s, int *steps)
{
	struct scrub_ask ask = ask_of(s, &whole);
	struct scrub_state st;
	struct scrubbed out;
	struct err e;

	plant(s);
	assert_int_equal(scrub_run(&ask, &out, &e), 0);
	assert_true(out.complete);
	*steps = whole.steps;
	scrub_state_read(s, &st);
	assert_true(st.ended_ms > 0 && st.began_ms == 0);
	return st;
}

static void the_same_figures(const struct scrub_state *a, const struct scrub_state *b)
{
	assert_int_equal(a->harmed, b->harmed);
	assert_int_equal(a->curable, b->curable);
	assert_int_equal(a->lasting, b->lasting);
	assert_true(b->ended_ms > 0 && b->began_ms == 0);
}

static void stopped_anywhere(void **state)
{
	struct store *s = try_store(state);
	struct scrub_state once, st;
	struct scrub_ask ask;
	struct scrubbed out;
	struct err e;
	int cut, steps, stages[SCRUB_STAGES] = { 0 };

	fill(s);
	once = in_one(s, &steps);
	assert_in_range(once.harmed, 6, 20);
	assert_in_range(steps, 30, 1000);
	for (cut = 1; cut < steps; cut += cut < steps - 24 ? 7 : 2) {
		plant(s);
		ask = ask_of(s, &parts);
		parts.left = cut;
		if (scrub_run(&ask, &out, &e) == 0) /* what is known costs no steps */
			break;
		assert_int_equal(e.kind, ERR_CANCELLED);
		scrub_state_read(s, &st);
		assert_true(st.began_ms > 0);
		stages[st.stage]++;
		parts.left = -1;
		assert_int_equal(scrub_run(&ask, &out, &e), 0);
		assert_true(out.complete);
		same(&whole, &parts, cut);
		scrub_state_read(s, &st);
		the_same_figures(&once, &st);
	}
	assert_true(stages[SCRUB_AT_BLOBS] > 0 && stages[SCRUB_AT_NAMES] > 0 &&
		    stages[SCRUB_AT_END] > 0);
}

/* A little at a time, to the end; whoever does it is restarted after each piece. */
static void in_slices(void **state)
{
	struct store *s = try_store(state);
	struct scrub_state once, st;
	struct scrub_ask ask;
	struct scrubbed out = { 0 };
	struct err e;
	int steps, runs, seen[SCRUB_STAGES] = { 0 };

	fill(s);
	in_one(s, &steps); /* which prunes a folder, too */
	once = in_one(s, &steps);
	plant(s);
	ask = ask_of(s, &parts);
	ask.slice_ms = 10;
	for (runs = 0; !out.complete; runs++) {
		assert_in_range(runs, 0, 2 * SCRUB_PLACES);
		assert_int_equal(scrub_run(&ask, &out, &e), 0);
		scrub_state_read(s, &st);
		seen[st.stage]++;
	}
	same(&whole, &parts, 0);
	the_same_figures(&once, &st);
	assert_true(seen[SCRUB_AT_HARM] > 0 && seen[SCRUB_AT_NAMES] > 0);
	assert_int_equal(st.pass.blobs, once.pass.blobs);
	assert_int_equal(st.pass.repositories, REPOSITORIES);
	assert_int_equal(st.pass.manifests, once.pass.manifests);
	assert_int_equal(st.pass.links, once.pass.links);
}

/* A pass that is cut goes on after the repository that was the last; what comes behind is
 * the next one's. */
static void behind_the_place(void **state)
{
	struct store *s = try_store(state);
	struct reponame early = try_name("own/0");
	struct digest layer = try_digest("layer 0 1");
	struct scrub_ask ask = ask_of(s, &parts);
	struct scrubbed out;
	struct scrub_state st = { 0 };
	layout_path path;
	struct err e;

	fill(s);
	ask.slice_ms = 1;
	while (st.stage != SCRUB_AT_NOTES) {
		assert_int_equal(scrub_run(&ask, &out, &e), 0);
		scrub_state_read(s, &st);
		if (st.stage == SCRUB_AT_NAMES && st.pass.repositories > 0)
			break;
	}
	layout_layer(path, &early, &layer);
	try_put(s, path, "torn");
	ask.slice_ms = 0;
	assert_int_equal(scrub_run(&ask, &out, &e), 0);
	assert_true(out.complete);
	assert_int_equal(parts.n, 0);
	assert_int_equal(scrub_run(&ask, &out, &e), 0);
	assert_int_equal(parts.n, 1);
	assert_string_equal(parts.h[0].path, path);
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
		IN_STORE(stopped_anywhere), IN_STORE(in_slices),
		IN_STORE(behind_the_place), IN_STORE(torn),
		IN_STORE(nonsense),	    IN_STORE(more_than_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
