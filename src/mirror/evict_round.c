/*
 * evict_round.c - listing, choosing, taking out, collecting.
 */
#include "mirror/evict_round.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/lru.h"
#include "mirror/retire_take.h"
#include "mirror/weight.h"
#include "oci/manifest.h"
#include "store/collect.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/room.h"

#define HEAR_MS 3000
/* Of a round, which looks at all manifests of the store a few times: most of its cost. */
#define MAX_IMAGES 8192
#define BATCH 1024 /* images between two looks at whether they were used */

static bool is_over(const struct evict_round *r)
{
	return atomic_load(r->stop);
}

static int offer(void *arg, const struct retire_image *im, struct err *e)
{
	struct evict_round *r = arg;

	if (im->hold == RETIRE_FREE)
		lru_offer(r->lru, im);
	else
		r->held++;
	return 0;
}

/* What was used is to be known. Ours is written at once; of other processes that serve
 * the same store only they know, and they are given a moment. */
static void hear_of_uses(struct evict_round *r)
{
	struct timespec pause = { .tv_nsec = 20 * 1000000 };
	int i;

	if (r->ask->usage != NULL) {
		usage_flush(r->ask->usage);
		return;
	}
	room_want_notes(r->ask->store);
	for (i = 0;
	     i < HEAR_MS / 20 && !is_over(r) && room_others_have_notes(r->ask->store);
	     i++)
		nanosleep(&pause, NULL);
}

static int list_images(struct evict_round *r, struct err *e)
{
	const struct evict_ask *ask = r->ask;
	struct retire_ask what = { .store = ask->store,
				   .plan = r->plan,
				   .stop = r->stop,
				   .is_listed = ask->list_has };
	int rc;

	what.arg = ask->list_open(ask->arg, r->plan, e);
	if (what.arg == NULL)
		return -1;
	if (ask->usage != NULL)
		usage_flush(ask->usage);
	what.usage = usage_reader_open(ask->store);
	rc = retire_each(&what, offer, r, e);
	usage_reader_close(what.usage);
	ask->list_close(what.arg);
	return rc;
}

/* By tag or by digest, since it was listed. */
static bool is_used_since(struct evict_round *r, const struct retire_image *im)
{
	char text[DIGEST_TEXT_MAX];

	if (im->tag[0] != '\0' &&
	    usage_reader_get(r->usage, &im->repository, im->tag).last_ms > im->used_ms)
		return true;
	if (!im->has_digest)
		return false;
	digest_text(&im->digest, text);
	return usage_reader_get(r->usage, &im->repository, text).last_ms > im->used_ms ||
	       link_time(r->ask->store, LINK_REVISION, &im->repository, &im->digest) >
		       im->used_ms;
}

/* The oldest that weigh as much as is needed, moved to the front; how many. */
static size_t choose(struct evict_round *r, struct retire_image *im, size_t n,
		     uint64_t need)
{
	size_t i, chosen = 0;

	for (i = 0; i < n && r->weight < need && !is_over(r); i++) {
		struct weight w = weight_of(r->ask->mirror, &im[i]);

		if (w.coming) /* or waiting: then it is no hope for others that do */
			continue;
		r->weight += w.bytes;
		im[chosen++] = im[i];
	}
	return chosen;
}

static int by_repository(const void *a, const void *b)
{
	const struct retire_image *x = a, *y = b;

	return strcmp(x->repository.s, y->repository.s);
}

static void note_went(struct evict_round *r, const struct digest *d)
{
	if (!marks_add(r->went, d))
		r->all = true;
}

/* A manifest goes, and with it perhaps what it names. */
static void on_removed(void *arg, const struct reponame *name, const struct digest *d)
{
	struct evict_round *r = arg;
	struct manifest parsed;
	struct stored *m;
	size_t i;

	note_went(r, d);
	if (mstore_peek(r->ask->store, name, d, &m, NULL) != 0) {
		r->all = true;
		return;
	}
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		for (i = 0; i < parsed.nchildren; i++)
			note_went(r, &parsed.child[i].digest);
		manifest_done(&parsed);
	} else {
		r->all = true;
	}
	stored_unref(m);
}

static int take_batch(struct evict_round *r, struct retire_image *im, size_t n,
		      struct err *e)
{
	uint64_t manifests;
	size_t i, kept = 0;

	hear_of_uses(r);
	r->usage = usage_reader_open(r->ask->store);
	for (i = 0; i < n; i++)
		if (!is_used_since(r, &im[i]))
			im[kept++] = im[i];
		else
			r->later = true;
	usage_reader_close(r->usage);
	if (is_over(r) || retire_take(r->ask->store, r->publishing, im, kept, false,
				      on_removed, r, &manifests, e) != 0)
		return is_over(r) ? 0 : -1;
	for (i = 0; i < kept; i++)
		log_event(LOG_DEBUG, "evict.gone", LS("repository", im[i].shown),
			  LS("tag", im[i].tag),
			  LU("unused_ms", clock_wall_ms() - im[i].used_ms));
	r->images += kept;
	return 0;
}

/* A repository's at once, as far as that goes: what is asked of its manifests is the same
 * for one image and for many. */
static int take_out(struct evict_round *r, struct retire_image *im, size_t n,
		    struct err *e)
{
	size_t i;
	int rc = 0;

	if (n > 0)
		qsort(im, n, sizeof(*im), by_repository);
	for (i = 0; i < n && rc == 0 && !is_over(r); i += BATCH)
		rc = take_batch(r, &im[i], n - i < BATCH ? n - i : BATCH, e);
	return rc;
}

static bool is_local(void *arg, const struct reponame *name)
{
	const struct evict_round *r = arg;

	return route_is_local(r->plan, name);
}

static bool breathe(void *arg)
{
	const struct evict_round *r = arg;

	return !is_over(r);
}

/* What is young stays noted, for the next round. */
static void forget_went(struct evict_round *r, const struct collected *out)
{
	if (out->young_bytes > 0)
		return;
	marks_begin(r->went, 0, MARKS_RANGE_END);
}

static int collect(struct evict_round *r, bool all, struct err *e)
{
	const struct evict_ask *ask = r->ask;
	struct collect_ask c = { .store = ask->store,
				 .grace_ms = ask->grace_ms(ask->arg),
				 .keep_ms = KEEP_LEAST_MS,
				 .among = all ? NULL : r->went,
				 .is_local = is_local,
				 .breathe = breathe,
				 .arg = r };
	struct collected out;
	int rc = collect_run(&c, &out, e);

	collect_say_stuck(&out);
	r->freed = out.removed_bytes;
	r->young_bytes = out.young_bytes;
	r->later |= out.young_bytes > 0;
	if (rc == 0)
		forget_went(r, &out);
	if (rc == 0 || e->kind != ERR_BUSY)
		return rc;
	r->busy = r->later = true;
	return 0;
}

int evict_round_run(struct evict_round *r, uint64_t need, struct err *e)
{
	struct retire_image *im;
	size_t n;
	int rc = 0;

	r->plan = mirror_plan(r->ask->mirror);
	r->lru = lru_new(MAX_IMAGES);
	if (need > 0)
		rc = list_images(r, e);
	if (rc == 0 && need > 0) {
		im = lru_sorted(r->lru, &n);
		n = choose(r, im, n, need);
		rc = take_out(r, im, n, e);
		r->later |= lru_has_dropped(r->lru);
	}
	if (rc == 0)
		rc = collect(r, r->all || r->images == 0, e);
	lru_free(r->lru);
	plan_unref(r->plan);
	return rc;
}
