/*
 * retain.c - the tags of one repository at a time, then judgement.
 */
#include "mirror/retain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/retire_take.h"
#include "oci/pattern.h"

#define BATCH 500

struct kept {
	char *tag;
	size_t rule;
	int64_t stored_ms, used_ms;
	enum retire_hold hold;
	bool has_digest;
	struct digest digest;
};

struct retaining {
	const struct retain_ask *ask;
	struct publishing *publishing;
	int64_t now_ms;
	struct retained *out;
	/* the present repository */
	struct retire_image first; /* of its tags: names */
	struct kept *tag;
	size_t n, room;
	bool too_many;
};

static bool matches(const struct retain_rule *rule, const struct retire_image *im,
		    const char *host)
{
	return rule->local == (im->hold == RETIRE_LOCAL) &&
	       pattern_match_tag(rule->pattern, host, im->repository.s, im->tag);
}

/* host/name:tag, as in larder.tags, whatever the name in the store is. */
static bool find_rule(const struct retaining *w, const struct retire_image *im,
		      size_t *out)
{
	struct route route;
	const char *host = NULL;
	struct retire_image as = *im;
	bool routed = im->hold != RETIRE_LOCAL &&
		      route_stored(w->ask->what.plan, &im->repository, &route, NULL) == 0;
	bool found = false;
	size_t i;

	if (routed) {
		host = route.site->host;
		as.repository = route.remote;
	}
	for (i = 0; i < w->ask->nrules && !found; i++) {
		found = matches(&w->ask->rule[i], &as, host);
		*out = i;
	}
	if (routed)
		route_done(&route);
	return found;
}

static void note(struct retaining *w, const struct retire_image *im, size_t rule)
{
	if (w->n == RETAIN_MAX_TAGS) {
		w->too_many = true;
		return;
	}
	if (w->n == w->room) {
		w->room = w->room == 0 ? 64 : 2 * w->room;
		w->tag = mem_grow(w->tag, w->room * sizeof(*w->tag));
	}
	w->tag[w->n++] = (struct kept){
		.tag = mem_dup(im->tag),
		.rule = rule,
		.stored_ms = im->stored_ms,
		.used_ms = im->used_ms,
		.has_digest = im->has_digest,
		.digest = im->digest,
		.hold = im->hold,
	};
}

/* The newest first, of each rule. */
static int by_arrival(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->stored_ms != y->stored_ms)
		return x->stored_ms > y->stored_ms ? -1 : 1;
	return strcmp(y->tag, x->tag);
}

static bool goes(const struct retaining *w, const struct kept *k, unsigned rank)
{
	const struct retain_rule *rule = &w->ask->rule[k->rule];

	return (k->hold == RETIRE_FREE || k->hold == RETIRE_LOCAL) &&
	       rank >= rule->last &&
	       (rule->used_ms == 0 || w->now_ms - k->used_ms >= rule->used_ms);
}

static int take_batch(struct retaining *w, const struct retire_image *im, size_t n,
		      struct err *e)
{
	uint64_t manifests = 0;
	size_t i;
	int rc;

	if (n == 0)
		return 0;
	rc = retire_take(w->ask->what.store, w->publishing, im, n, w->ask->dry_run,
			 w->ask->manifest, w->ask->arg, &manifests, e);
	w->out->manifests += manifests;
	if (rc != 0)
		return -1;
	w->out->images += n;
	for (i = 0; i < n && w->ask->image != NULL; i++)
		w->ask->image(w->ask->arg, &im[i]);
	return 0;
}

static int judge(struct retaining *w, struct err *e)
{
	struct retire_image *im = mem_alloc(BATCH * sizeof(*im));
	unsigned rank = 0;
	size_t i, n = 0;
	int rc = 0;

	qsort(w->tag, w->n, sizeof(*w->tag), by_arrival);
	for (i = 0; i < w->n && rc == 0; i++) {
		const struct kept *k = &w->tag[i];

		rank = i > 0 && w->tag[i - 1].rule == k->rule ? rank + 1 : 0;
		if (!goes(w, k, rank))
			continue;
		im[n] = w->first;
		snprintf(im[n].tag, sizeof(im[n].tag), "%s", k->tag);
		im[n].hold = k->hold;
		im[n].has_digest = k->has_digest;
		im[n].digest = k->digest;
		im[n].used_ms = k->used_ms;
		im[n].stored_ms = k->stored_ms;
		if (w->ask->want != NULL && !w->ask->want(w->ask->arg, &im[n]))
			continue;
		if (++n == BATCH) {
			rc = take_batch(w, im, n, e);
			n = 0;
		}
	}
	if (rc == 0)
		rc = take_batch(w, im, n, e);
	free(im);
	return rc;
}

static void forget(struct retaining *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		free(w->tag[i].tag);
	w->n = 0;
	w->too_many = false;
}

static int end_repository(struct retaining *w, struct err *e)
{
	int rc = 0;

	if (w->too_many)
		log_event(LOG_WARN, "keep.too_many_tags",
			  LS("repository", w->first.repository.s),
			  LS("what", "larder.keep takes none of them out"));
	else if (w->n > 0)
		rc = judge(w, e);
	forget(w);
	return rc;
}

static int take_image(void *arg, const struct retire_image *im, struct err *e)
{
	struct retaining *w = arg;
	size_t rule;

	if (w->ask->breathe != NULL && !w->ask->breathe(w->ask->arg))
		return err_set(e, ERR_CANCELLED, "stopped");
	if (strcmp(w->first.repository.s, im->repository.s) != 0) {
		if (end_repository(w, e) != 0)
			return -1;
		w->first = *im;
	}
	if (im->tag[0] != '\0' && find_rule(w, im, &rule))
		note(w, im, rule);
	return 0;
}

int retain_run(const struct retain_ask *ask, struct retained *out, struct err *e)
{
	struct retaining w = { .ask = ask, .out = out, .now_ms = clock_wall_ms() };
	int rc;

	*out = (struct retained){ 0 };
	w.publishing = publishing_new(ask->what.store);
	rc = retire_each(&ask->what, take_image, &w, e);
	if (rc == 0)
		rc = end_repository(&w, e);
	forget(&w);
	free(w.tag);
	publishing_free(w.publishing);
	return rc;
}
