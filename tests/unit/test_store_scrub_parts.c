/* A pass in parts: ended anywhere and gone on with, it finds what one in one piece finds,
 * and says the same of whom that harms. */
#include "unit.h"

#include "scrub_try.h"

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
	ask.slice_ms = 1;
	parts.naps = true;
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
	parts.naps = true;
	while (st.stage < SCRUB_AT_NOTES) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(stopped_anywhere),
		IN_STORE(in_slices),
		IN_STORE(behind_the_place),

	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
