/* Scrubbing a store: pieces of a pass, what is wanted, what is wrong, and who is told. */
#include "unit.h"

#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_try.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/quarantine.h"
#include "store/scrub.h"
#include "store/tag.h"
#include "store_try.h"

#define MOST 50

struct told {
	struct scrub_finding f[MOST];
	char image[MOST][300]; /* the first */
	int n;
	int left;	/* steps of pace() until it says no; -1: for ever */
	uint64_t bytes; /* that pace() has heard of */
	int repairs;
	struct store *s;
	const char *want; /* repository */
};

static void found(void *arg, const struct scrub_finding *f)
{
	struct told *t = arg;

	assert_in_range(t->n, 0, MOST - 1);
	snprintf(t->image[t->n], sizeof(t->image[0]), "%s",
		 f->nimages > 0 ? f->image[0] : "");
	t->f[t->n++] = *f;
}

static bool pace(void *arg, uint64_t bytes)
{
	struct told *t = arg;

	t->bytes += bytes;
	if (t->left > 0)
		t->left--;
	return t->left != 0;
}

static bool is_local(void *arg, const struct reponame *name)
{
	return strncmp(name->s, "own", 3) == 0;
}

static bool want(void *arg, const struct reponame *name, const char *tag)
{
	const struct told *t = arg;

	return strcmp(name->s, t->want) == 0;
}

static void repair(void *arg, struct scrub_finding *f)
{
	struct told *t = arg;

	t->repairs++;
	assert_true(f->nsources > 0);
	assert_string_equal(f->source[0].s, "mirrored");
	assert_int_equal(blob_put(t->s, &f->digest, "layer", 5, NULL), 0);
	f->done = SCRUB_REPAIRED;
}

static struct scrub_ask ask_of(struct store *s, struct told *t)
{
	memset(t, 0, sizeof(*t));
	t->left = -1;
	t->s = s;
	return (struct scrub_ask){
		.store = s, .is_local = is_local, .pace = pace, .found = found, .arg = t
	};
}

static struct scrubbed run(const struct scrub_ask *ask)
{
	struct scrubbed out;
	struct err e;

	assert_int_equal(scrub_run(ask, &out, &e), 0);
	return out;
}

static void spoil(struct store *s, const struct digest *d, const char *content)
{
	layout_path path;

	layout_blob(path, d);
	try_put(s, path, content);
}

static void nothing_is_wrong(void **state)
{
	struct store *s = try_store(state);
	struct scrub_state st;
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out = run(&ask); /* nothing at all, too */

	assert_true(out.complete);
	image(s, "own/a", "config", "layer", "1");
	out = run(&ask);
	assert_true(out.complete);
	assert_int_equal(out.findings, 0);
	assert_int_equal(out.blobs, 3);
	assert_int_equal(out.repositories, 1);
	assert_int_equal(t.bytes, out.bytes);
	scrub_state_read(s, &st);
	assert_true(st.ended_ms > 0 && st.began_ms == 0 && st.at == 0);
}

static void wrong_and_whom_it_harms(void **state)
{
	struct store *s = try_store(state);
	struct digest layer = try_digest("layer"), alone = put_blob(s, "alone");
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out;
	struct digest m = image(s, "own/a", "config", "layer", "1");

	spoil(s, &layer, "lay3r");
	spoil(s, &alone, "");
	ask.look = true;
	out = run(&ask);
	assert_int_equal(out.findings, 2);
	assert_int_equal(out.harmed, 1);
	assert_true(blob_exists(s, &layer, NULL));
	ask = ask_of(s, &t);
	out = run(&ask);
	assert_int_equal(out.findings, 2);
	assert_int_equal(out.harmed, 1);
	assert_int_equal(out.curable, 0);
	assert_int_equal(out.quarantined, 1);
	assert_false(blob_exists(s, &layer, NULL));
	assert_true(quarantine_has(s, &layer) && quarantine_has(s, &alone));
	for (int i = 0; i < 2; i++) {
		bool harms = digest_equal(&t.f[i].digest, &layer);

		assert_int_equal(t.f[i].harms, harms);
		assert_int_equal(t.f[i].kind, harms ? SCRUB_CORRUPT : SCRUB_EMPTY);
		assert_int_equal(t.f[i].done, harms ? SCRUB_LEFT : SCRUB_QUARANTINED);
		assert_string_equal(t.image[i], harms ? "own/a:1" : "");
	}
	/* The manifest itself: served from memory it is right, and so is what it was. */
	spoil(s, &m, "{}");
	out = run(&ask);
	assert_int_equal(out.mended, 1);
	assert_true(blob_exists(s, &m, NULL));
	assert_false(quarantine_has(s, &m));
}

/* It was not the bytes that were wrong. */
static void right_in_quarantine(void **state)
{
	struct store *s = try_store(state);
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct digest d = try_digest("layer"), bad = try_digest("other");
	layout_path path, place;
	struct scrubbed out;

	image(s, "own/a", "{}", "layer", "1");
	layout_blob(place, &d);
	assert_int_equal(quarantine_put(s, &d, -1, NULL), 1);
	layout_quarantine(path, &bad);
	try_put(s, path, "0ther");
	ask.look = true;
	out = run(&ask);
	assert_true(quarantine_has(s, &d) && !blob_exists(s, &d, NULL));
	assert_int_equal(out.harmed, 0);
	assert_int_equal(t.f[0].done, SCRUB_TOLD);
	ask = ask_of(s, &t);
	out = run(&ask);
	assert_true(blob_exists(s, &d, NULL) && !quarantine_has(s, &d));
	assert_true(try_holds(s, place, "layer"));
	assert_true(quarantine_has(s, &bad) && !blob_exists(s, &bad, NULL));
	assert_int_equal(out.mended, 1);
	assert_int_equal(out.harmed, 0);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.f[0].done, SCRUB_MENDED);
	ask = ask_of(s, &t);
	out = run(&ask);
	assert_int_equal(out.findings, 0);
}

static void from_a_mirrored_one(void **state)
{
	struct store *s = try_store(state);
	struct digest layer = try_digest("layer");
	struct scrub_state st;
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out;

	image(s, "own/a", "config", "layer", "1");
	image(s, "mirrored", "config", "layer", "2");
	spoil(s, &layer, "lay3r");
	out = run(&ask);
	assert_int_equal(out.harmed, 1);
	assert_int_equal(out.curable, 1);
	assert_int_equal(t.f[0].images, 2);
	scrub_state_read(s, &st);
	assert_true(st.harmed == 1 && st.curable == 1 && st.began_ms == 0);
	ask = ask_of(s, &t);
	ask.repair = repair;
	ask.names_only = true;
	out = run(&ask);
	assert_int_equal(t.repairs, 1);
	assert_int_equal(out.repaired, 1);
	assert_int_equal(out.harmed, 0);
	assert_int_equal(out.blobs, 0);
	assert_true(t.f[0].known);
	scrub_state_read(s, &st);
	assert_true(st.harmed == 0 && st.curable == 0 && st.began_ms == 0);
	assert_false(quarantine_has(s, &layer));
}

/* A mirror has what was asked for; a local repository has all that was pushed. */
static void what_is_missing(void **state)
{
	struct store *s = try_store(state);
	struct digest own = try_digest("own layer"), other = try_digest("layer");
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	layout_path path;

	image(s, "own/a", "config", "own layer", "1");
	image(s, "mirrored", "config", "layer", "1");
	blob_remove(s, &own);
	layout_blob(path, &own);
	*strrchr(path, '/') = '\0';
	fs_prune(s->dirfd, path, LAYOUT_BLOBS);
	blob_remove(s, &other);
	layout_blob(path, &other);
	*strrchr(path, '/') = '\0';
	fs_prune(s->dirfd, path, LAYOUT_BLOBS);
	run(&ask);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.f[0].kind, SCRUB_MISSING);
	assert_string_equal(t.image[0], "own/a:1");
	/* A folder that is left says that it was here. */
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
	ask = ask_of(s, &t);
	ask.repair = repair;
	run(&ask);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.repairs, 1);
	assert_true(blob_exists(s, &other, NULL));
}

/* A slice ends after a folder; the next goes on, and the end is the end. */
static void piece_by_piece(void **state)
{
	struct store *s = try_store(state);
	struct digest bad = try_digest("0");
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out = { 0 };
	struct scrub_state st, before = { 0 };
	uint64_t blobs = 0;
	char text[8];
	int i, runs;

	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put_blob(s, text);
	}
	spoil(s, &bad, "1");
	ask.go_on = true;
	ask.slice_ms = 1;
	for (runs = 0; !out.complete; runs++) {
		assert_in_range(runs, 0, SCRUB_PLACES);
		out = run(&ask);
		blobs += out.blobs;
		scrub_state_read(s, &st);
		if (!out.complete)
			assert_true((st.at > before.at || st.stage != before.stage) &&
				    st.began_ms > 0);
		before = st;
	}
	assert_int_equal(blobs, 20);
	assert_int_equal(t.n, 1);
	assert_true(st.ended_ms > 0 && st.began_ms == 0);
}

static void stopped(void **state)
{
	struct store *s = try_store(state);
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out;
	struct err e;
	int steps;

	image(s, "own/a", "config", "layer", "1");
	for (steps = 1; steps < 200; steps++) {
		t.left = steps;
		if (scrub_run(&ask, &out, &e) == 0)
			break;
		assert_int_equal(e.kind, ERR_CANCELLED);
		assert_false(out.complete);
	}
	assert_in_range(steps, 3, 199);
}

static void one_at_a_time(void **state)
{
	struct store *s = try_store(state);
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out;
	struct err e;
	int fd = openat(s->dirfd, LAYOUT_SCRUB, O_RDONLY | O_CREAT, 0644);

	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(scrub_run(&ask, &out, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	ask.look = true;
	run(&ask);
	close(fd);
}

static void only_what_is_wanted(void **state)
{
	struct store *s = try_store(state);
	struct digest one = try_digest("one"), two = try_digest("two");
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrub_state st;
	struct scrubbed out;

	image(s, "own/a", "config a", "one", "1");
	image(s, "own/b", "config b", "two", "1");
	spoil(s, &one, "x");
	spoil(s, &two, "x");
	ask.want = want;
	t.want = "own/b";
	out = run(&ask);
	assert_int_equal(out.blobs, 3);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.image[0], "own/b:1");
	scrub_state_read(s, &st);
	assert_int_equal(st.ended_ms, 0);
}

/* A link's path is the truth; a tag's past is. */
static void links_and_tags(void **state)
{
	struct store *s = try_store(state);
	struct reponame name = try_name("own/a");
	struct digest m = image(s, "own/a", "config", "layer", "1"), at;
	struct digest layer = try_digest("layer"), none = try_digest("none");
	layout_path link, tag;
	char text[DIGEST_TEXT_MAX];
	struct told t;
	struct scrub_ask ask = ask_of(s, &t);
	struct scrubbed out;

	layout_layer(link, &name, &layer);
	layout_tag(tag, &name, "1");
	digest_text(&none, text);
	try_put(s, link, text);
	try_put(s, tag, text);
	out = run(&ask);
	assert_int_equal(out.mended, 2);
	assert_int_equal(out.harmed, 0);
	digest_text(&layer, text);
	assert_true(try_holds(s, link, text));
	assert_int_equal(tag_get(s, &name, "1", &at, NULL), 0);
	assert_true(digest_equal(&at, &m));
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	/* Nothing says what it was. */
	layout_tag_index(link, &name, "1", &m);
	assert_int_equal(fs_unlink(s->dirfd, link, NULL), 0);
	try_put(s, tag, "sha2");
	ask = ask_of(s, &t);
	out = run(&ask);
	assert_int_equal(out.harmed, 1);
	assert_int_equal(t.f[0].kind, SCRUB_TAG);
	assert_string_equal(t.image[0], "own/a:1");
	/* A torn link hides a manifest, and then is written anew. */
	layout_revision(link, &name, &m);
	try_put(s, link, "");
	digest_text(&m, text);
	try_put(s, tag, text);
	out = run(&ask);
	assert_int_equal(out.mended, 1);
	assert_true(link_exists(s, LINK_REVISION, &name, &m));
}

/* Whatever the state says, it is one. */
static void a_state_that_is_none(void **state)
{
	static const char *const bad[] = { "", "1", "1 2 3 999 0 0 0 0", "nonsense" };
	struct store *s = try_store(state);
	struct scrub_state st;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		try_put(s, LAYOUT_SCRUB_STATE, bad[i]);
		scrub_state_read(s, &st);
		assert_true(st.began_ms == 0 && st.ended_ms == 0 && st.at == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(nothing_is_wrong),    IN_STORE(wrong_and_whom_it_harms),
		IN_STORE(from_a_mirrored_one), IN_STORE(what_is_missing),
		IN_STORE(piece_by_piece),      IN_STORE(stopped),
		IN_STORE(one_at_a_time),       IN_STORE(only_what_is_wanted),
		IN_STORE(links_and_tags),      IN_STORE(a_state_that_is_none),
		IN_STORE(right_in_quarantine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
