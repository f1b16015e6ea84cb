/*
 * repair.c - one thing after the other, from the first upstream that gives it.
 */
#include "mirror/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/ask_locked.h"
#include "mirror/ask_manifest.h"
#include "mirror/awaited.h"
#include "mirror/flight.h"
#include "mirror/inventory_json.h"
#include "mirror/mirror_impl.h"
#include "store/blob.h"
#include "store/tag.h"

struct repairing {
	const struct repair_ask *ask;
};

/* --- fetching --- */

static int fetch_manifest_again(struct repairing *w, const struct route *r,
				const struct reference *ref, struct err *e)
{
	struct visit v = { .since_ms = clock_mono_ms(),
			   .who = VISIT_BACKGROUND,
			   .must_check = true };
	struct found_manifest found = { .m = NULL };
	enum answer answer;

	while ((answer = ask_manifest(w->ask->mirror, r, ref, &v, &found, e)) ==
	       ANSWER_WAIT)
		awaited_bell(v.bell, v.seen);
	visit_done(&v);
	if (answer != ANSWER_READY)
		return -1;
	stored_unref(found.m);
	return found.stale ? -1 : 0;
}

static bool is_here(const struct repairing *w, const struct digest *d, struct err *e)
{
	if (blob_exists(w->ask->store, d, NULL))
		return true;
	err_set(e, ERR_NO_SPACE, "it came, and could not be stored; is the disk full?");
	return false;
}

static bool fetch_thing(struct repairing *w, const struct route *r,
			const struct scrub_finding *f, struct err *e)
{
	struct reference ref = { .is_digest = true, .digest = f->digest };

	if (f->is_manifest)
		return fetch_manifest_again(w, r, &ref, e) == 0 &&
		       is_here(w, &f->digest, e);
	return awaited_blob(w->ask->mirror, r, &f->digest, VISIT_BACKGROUND, e) == 0 &&
	       is_here(w, &f->digest, e);
}

/* A pinned tag is where it was, and nobody knows any more where that is. */
static bool fetch_tag_again(struct repairing *w, const struct route *r,
			    const struct scrub_finding *f, struct err *e)
{
	struct reference ref = { .is_digest = false };
	const struct lockfile_entry *lock = route_lock(r, f->tag);
	struct digest at;

	if (lock != NULL) {
		ref.is_digest = true;
		ref.digest = lock->image.digest;
		if (fetch_manifest_again(w, r, &ref, e) != 0)
			return false;
		ask_locked_keep(w->ask->mirror, r, f->tag);
		return tag_get(w->ask->store, &f->repository, f->tag, &at, e) == 0;
	}
	if (route_tag_policy(r, f->tag).rule == TAG_PINNED) {
		err_set(e, ERR_DENIED, "it is pinned, and nothing says any more where");
		return false;
	}
	snprintf(ref.tag, sizeof(ref.tag), "%s", f->tag);
	return fetch_manifest_again(w, r, &ref, e) == 0 &&
	       tag_get(w->ask->store, &f->repository, f->tag, &at, e) == 0;
}

static void say_why(struct scrub_finding *f, const struct err *e)
{
	char was[sizeof(f->why)];

	snprintf(was, sizeof(was), "%s", f->why);
	snprintf(f->why, sizeof(f->why), "%.120s; fetching it again failed: %.240s", was,
		 e->msg);
}

static void repair(void *arg, struct scrub_finding *f)
{
	struct repairing *w = arg;
	struct err e = { 0 };
	struct route r;
	bool did = false, asked = false;
	size_t i;

	for (i = 0; i < f->nsources && !did && e.kind != ERR_CANCELLED; i++) {
		if (route_stored(w->ask->plan, &f->source[i], &r, NULL) != 0)
			continue;
		asked = r.site != NULL;
		if (asked)
			did = f->kind == SCRUB_TAG ? fetch_tag_again(w, &r, f, &e)
						   : fetch_thing(w, &r, f, &e);
		route_done(&r);
	}
	if (did)
		f->done = SCRUB_REPAIRED;
	else if (asked)
		say_why(f, &e);
}

/* --- names --- */

static bool is_local(void *arg, const struct reponame *name)
{
	const struct repairing *w = arg;

	return route_is_local(w->ask->plan, name);
}

static void shown(const struct repairing *w, const struct reponame *name,
		  char out[ROUTE_SHOWN_MAX])
{
	struct route r;

	if (route_stored(w->ask->plan, name, &r, NULL) == 0) {
		route_shown(&r, out);
		route_done(&r);
	} else {
		snprintf(out, ROUTE_SHOWN_MAX, "%s", name->s);
	}
}

static bool want(void *arg, const struct reponame *name, const char *tag)
{
	const struct repairing *w = arg;
	char text[ROUTE_SHOWN_MAX];

	shown(w, name, text);
	return w->ask->want(w->ask->arg, text, tag);
}

static bool pace(void *arg, uint64_t bytes)
{
	const struct repairing *w = arg;

	return w->ask->pace == NULL || w->ask->pace(w->ask->arg, bytes);
}

/* "name:tag" or "name@digest" of the store, as people write it. On the heap. */
static char *image_shown(const struct repairing *w, const char *image)
{
	size_t n = strcspn(image, ":@");
	char text[ROUTE_SHOWN_MAX];
	struct reponame name;

	if (reponame_parse((struct view){ image, n }, &name, NULL) != 0)
		return mem_dup(image);
	shown(w, &name, text);
	return mem_fmt("%s%s", text, image + n);
}

/* --- telling --- */

static metric_cell *cell(enum metric_type type, const char *name, const char *label,
			 const char *value, const char *help)
{
	return metrics_cell(metrics_family(type, name, label, help), value, NULL, NULL,
			    NULL);
}

static void count(const struct scrub_finding *f)
{
	if (!f->known)
		metrics_add(cell(METRIC_COUNTER, "larder_scrub_findings_total", "kind",
				 scrub_kind_word(f->kind),
				 "What scrubbing found to be wrong in the store"),
			    1);
	if (f->done == SCRUB_REPAIRED)
		metrics_add(cell(METRIC_COUNTER, "larder_scrub_repaired_total", "", NULL,
				 "Of it, what was fetched again from an upstream"),
			    1);
	else if (f->done == SCRUB_MENDED)
		metrics_add(cell(METRIC_COUNTER, "larder_scrub_mended_total", "", NULL,
				 "Of it, what was made right from the rest of the store"),
			    1);
}

static void found(void *arg, const struct scrub_finding *f)
{
	struct repairing *w = arg;
	struct scrub_finding *copy = mem_alloc(sizeof(*copy));
	char *text[SCRUB_MAX_IMAGES];
	size_t i;

	if (!w->ask->look)
		count(f);
	*copy = *f;
	for (i = 0; i < f->nimages; i++)
		copy->image[i] = text[i] = image_shown(w, f->image[i]);
	if (w->ask->found != NULL)
		w->ask->found(w->ask->arg, copy);
	for (i = 0; i < f->nimages; i++)
		free(text[i]);
	free(copy);
}

static void say_figures(const struct repair_ask *ask, const struct scrubbed *out)
{
	struct scrub_state st;

	metrics_add(cell(METRIC_COUNTER, "larder_scrub_bytes_total", "", NULL,
			 "Bytes of the store that were read and hashed again"),
		    (int64_t)out->bytes);
	scrub_state_read(ask->store, &st);
	metrics_set(cell(METRIC_GAUGE, "larder_scrub_harmed", "", NULL,
			 "What is wrong in the store, does harm, and is not repaired"),
		    (int64_t)st.harmed);
	if (st.ended_ms > 0)
		metrics_set(cell(METRIC_GAUGE, "larder_scrub_last_pass_seconds", "", NULL,
				 "When all of the store had last been looked at, in "
				 "seconds since 1970"),
			    st.ended_ms / 1000);
}

int repair_json(struct buf *out, const struct scrub_state *st)
{
	int rc = buf_adds(out, "\"scrub\":{\"lastPass\":");

	rc |= inventory_json_time(out, st->ended_ms);
	rc |= st->began_ms != 0
		      ? buf_addf(out, ",\"underWay\":%.3f,\"stage\":\"%s\"",
				 scrub_state_share(st), scrub_state_word(st->stage))
		      : buf_adds(out, ",\"underWay\":null,\"stage\":null");
	return rc | buf_addf(out, ",\"harmed\":%llu,\"curable\":%llu}",
			     (unsigned long long)st->harmed,
			     (unsigned long long)st->curable);
}

int repair_run(const struct repair_ask *ask, struct scrubbed *out, struct err *e)
{
	struct repairing w = { .ask = ask };
	struct scrub_ask scrub = { .store = ask->store,
				   .look = ask->look,
				   .go_on = ask->go_on,
				   .names_only = ask->names_only,
				   .slice_ms = ask->slice_ms,
				   .is_local = is_local,
				   .want = ask->want != NULL ? want : NULL,
				   .pace = pace,
				   .repair = ask->mirror != NULL ? repair : NULL,
				   .found = found,
				   .arg = &w };
	int rc;

	rc = scrub_run(&scrub, out, e);
	if (!ask->look && (rc == 0 || e->kind != ERR_BUSY))
		say_figures(ask, out);
	return rc;
}
