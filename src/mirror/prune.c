/*
 * prune.c - images go in batches, as the walk comes to them.
 */
#include "mirror/prune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/retire_take.h"
#include "store/marks.h"
#include "store/quarantine.h"

#define BATCH 1000
#define GONE_BYTES (16u << 20) /* manifests that a dry run takes as gone */

struct pruning {
	const struct prune_ask *ask;
	struct pruned *out;
	struct publishing *publishing;
	int64_t now_ms;
	struct retire_image *batch;
	size_t n;
	struct marks *gone; /* repository and digest together */
};

static bool is_old(const struct pruning *w, const struct retire_image *im)
{
	int64_t age_ms = w->now_ms - im->used_ms;

	return w->ask->unused_ms == 0 || age_ms >= w->ask->unused_ms;
}

static bool goes(struct pruning *w, const struct retire_image *im)
{
	const struct prune_ask *ask = w->ask;
	bool old = is_old(w, im);

	if ((im->tag[0] != '\0' && !ask->all) ||
	    (ask->want != NULL && !ask->want(ask->arg, im)))
		return false;
	if (im->hold == RETIRE_FREE || (im->hold == RETIRE_LOCAL && ask->local)) {
		w->out->recent += !old;
		return old;
	}
	w->out->held[im->hold] += old;
	return false;
}

/* One key for a manifest in a repository. */
static struct digest both(const struct reponame *name, const struct digest *d)
{
	char text[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 2];
	char digest[DIGEST_TEXT_MAX];
	struct digest out;

	digest_text(d, digest);
	snprintf(text, sizeof(text), "%s@%s", name->s, digest);
	digest_of(HASH_SHA256, text, strlen(text), &out);
	return out;
}

static void note_gone(void *arg, const struct reponame *name, const struct digest *d)
{
	struct pruning *w = arg;
	struct digest key = both(name, d);

	if (w->ask->dry_run)
		marks_add(w->gone, &key);
}

static bool is_gone(void *arg, const struct reponame *name, const struct digest *d)
{
	struct pruning *w = arg;
	struct digest key = both(name, d);

	return marks_has(w->gone, &key);
}

static int take_batch(struct pruning *w, struct err *e)
{
	uint64_t manifests = 0;
	size_t i, n = w->n;
	int rc;

	w->n = 0;
	if (n == 0)
		return 0;
	rc = retire_take(w->ask->what.store, w->publishing, w->batch, n, w->ask->dry_run,
			 note_gone, w, &manifests, e);
	w->out->manifests += manifests;
	if (rc != 0)
		return -1;
	w->out->images += n;
	for (i = 0; i < n && w->ask->image != NULL; i++)
		w->ask->image(w->ask->arg, &w->batch[i]);
	return 0;
}

static int take_image(void *arg, const struct retire_image *im, struct err *e)
{
	struct pruning *w = arg;

	if (w->ask->breathe != NULL && !w->ask->breathe(w->ask->arg))
		return err_set(e, ERR_CANCELLED, "stopped");
	if (w->n == BATCH && take_batch(w, e) != 0)
		return -1;
	if (goes(w, im))
		w->batch[w->n++] = *im;
	return 0;
}

static bool is_local(void *arg, const struct reponame *name)
{
	const struct pruning *w = arg;

	return route_is_local(w->ask->what.plan, name);
}

static void tell_content(void *arg, const struct digest *d, uint64_t bytes)
{
	struct pruning *w = arg;

	if (w->ask->content != NULL)
		w->ask->content(w->ask->arg, d, bytes);
}

static bool breathe(void *arg)
{
	struct pruning *w = arg;

	return w->ask->breathe == NULL || w->ask->breathe(w->ask->arg);
}

static bool want(void *arg, const struct retire_image *im)
{
	const struct pruning *w = arg;

	return w->ask->want == NULL || w->ask->want(w->ask->arg, im);
}

static void tell_image(void *arg, const struct retire_image *im)
{
	const struct pruning *w = arg;

	if (w->ask->image != NULL)
		w->ask->image(w->ask->arg, im);
}

static int keep_rules(struct pruning *w, struct err *e)
{
	struct retain_ask ask = { .what = w->ask->what,
				  .rule = w->ask->rule,
				  .nrules = w->ask->nrules,
				  .dry_run = w->ask->dry_run,
				  .want = want,
				  .image = tell_image,
				  .manifest = note_gone,
				  .breathe = breathe,
				  .arg = w };
	struct retained out;
	int rc;

	if (ask.nrules == 0)
		return 0;
	rc = retain_run(&ask, &out, e);
	w->out->images += out.images;
	w->out->manifests += out.manifests;
	return rc;
}

int prune_run(const struct prune_ask *ask, struct pruned *out, struct err *e)
{
	struct pruning w = { .ask = ask, .out = out, .now_ms = clock_wall_ms() };
	struct collect_ask collect = { .store = ask->what.store,
				       .grace_ms = ask->grace_ms,
				       .dry_run = ask->dry_run,
				       .is_local = is_local,
				       .is_gone = ask->dry_run ? is_gone : NULL,
				       .removed = tell_content,
				       .breathe = breathe,
				       .arg = &w };
	int rc;

	*out = (struct pruned){ 0 };
	w.publishing = publishing_new(ask->what.store);
	w.batch = mem_alloc(BATCH * sizeof(*w.batch));
	w.gone = marks_new(GONE_BYTES);
	if (!ask->dry_run) /* the bytes; that they are needed stays on record */
		quarantine_expire(ask->what.store, 0);
	rc = keep_rules(&w, e);
	if (rc == 0)
		rc = retire_each(&ask->what, take_image, &w, e);
	if (rc == 0)
		rc = take_batch(&w, e);
	free(w.batch);
	if (rc == 0)
		rc = collect_run(&collect, &out->content, e);
	marks_free(w.gone);
	publishing_free(w.publishing);
	return rc == 0 ? 0 : -1;
}
