/*
 * scrub_wounds.c - blobs that are wrong or missing, until all repositories have been
 * asked what that harms.
 */
#include "store/scrub_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "store/blob.h"
#include "store/link.h"
#include "store/mcache.h"
#include "store/mstore.h"
#include "store/quarantine.h"
#include "store/tag.h"
#include "store/walk.h"

#define MAX_HURT 5000 /* of one repository, by name; the rest is counted */
#define MAX_NESTED 4  /* indexes in indexes */
#define GROW 64

struct wound *scrub_wounds_find(const struct scrub *r, const struct digest *d)
{
	struct wound *w;
	char key[DIGEST_TEXT_MAX];

	digest_text(d, key);
	w = map_get(r->by_digest, key);
	return w != NULL && !w->healed ? w : NULL;
}

struct wound *scrub_wounds_add(struct scrub *r, const struct digest *d,
			       enum scrub_kind kind, const char *why)
{
	struct wound *w = scrub_wounds_find(r, d);
	char key[DIGEST_TEXT_MAX];

	if (w != NULL && !w->old)
		return w;
	if (w == NULL) {
		w = mem_alloc(sizeof(*w));
		digest_text(d, key);
		if (map_put(r->by_digest, key, w) != 0) {
			free(w);
			return NULL;
		}
		if (r->nwounds % GROW == 0)
			r->wound = mem_grow(r->wound,
					    (r->nwounds + GROW) * sizeof(*r->wound));
		w->number = r->nwounds;
		r->wound[r->nwounds++] = w;
	}
	w->digest = *d;
	w->kind = kind;
	w->old = false;
	snprintf(w->why, sizeof(w->why), "%s", why);
	r->fresh++;
	r->walk.grew = true;
	return w;
}

void scrub_wounds_begin(struct scrub *r)
{
	scrub_wounds_free(r);
	r->by_digest = map_new(SCRUB_MAX_WOUNDS);
}

static int load_one(void *arg, const struct quarantined *q, struct err *e)
{
	struct scrub *r = arg;
	struct wound *w;
	char when[24], why[100];

	/* Somebody has brought it again. */
	if (blob_exists(r->s, &q->digest, NULL)) {
		if (!r->ask->look)
			quarantine_forget(r->s, &q->digest);
		return 0;
	}
	if (marks_has(r->right, &q->digest))
		return 0;
	w = scrub_wounds_find(r, &q->digest); /* the state has it */
	if (w == NULL) {
		httpdate_format_iso(q->since_ms / 1000, when);
		snprintf(why, sizeof(why), "found at %s, and in quarantine since", when);
		w = scrub_wounds_add(r, &q->digest, SCRUB_CORRUPT, why);
		if (w == NULL)
			return 0;
		w->old = true;
		r->fresh--;
	}
	w->out = true;
	w->expired = clock_wall_ms() - q->since_ms > QUARANTINE_KEEP_MS;
	return 0;
}

/* The state remembers it, and a power cut has not: it is in its place again. Or another
 * has brought the right one. */
static int look_again(struct scrub *r, const struct wound *w, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = -1;
	uint64_t size;
	char why[sizeof(w->why)];
	bool right = true;

	if (w->old || !w->out || w->kind == SCRUB_MISSING ||
	    quarantine_has(r->s, &w->digest))
		return 0;
	fd = blob_open(r->s, &w->digest, &size, NULL);
	if (fd < 0)
		return 0;
	if (scrub_blobs_is(r, fd, size, &w->digest, &right, e) != 0)
		return -1;
	memcpy(why, w->why, sizeof(why));
	if (!right)
		scrub_wounds_take(r, &w->digest, fd, w->kind, why);
	return 0;
}

int scrub_wounds_load(struct scrub *r, struct err *e)
{
	bool grew = r->walk.grew;
	size_t i, known = r->nwounds;
	int rc = quarantine_each(r->s, load_one, r, e);

	for (i = 0; i < known && rc == 0; i++)
		rc = look_again(r, r->wound[i], e);
	r->walk.grew = grew;
	r->written_wounds = r->nwounds;
	return rc;
}

/* What lies in quarantine is known without. */
bool scrub_wounds_lasts(const struct scrub *r, const struct wound *w)
{
	if (w->settled)
		return w->kind == SCRUB_MISSING && w->images > 0 && !w->healed;
	return !w->old || w->kind == SCRUB_MISSING || w->images > 0;
}

void scrub_wounds_free(struct scrub *r)
{
	size_t i, k;

	for (i = 0; i < r->nwounds; i++) {
		for (k = 0; k < r->wound[i]->nimages; k++)
			free(r->wound[i]->image[k]);
		free(r->wound[i]->source);
		free(r->wound[i]);
	}
	map_free(r->by_digest, NULL);
	free(r->wound);
	free(r->hurt);
	r->by_digest = NULL;
	r->wound = NULL;
	r->hurt = NULL;
	r->nwounds = r->fresh = r->nhurt = 0;
}

void scrub_wounds_take(struct scrub *r, const struct digest *d, int fd,
		       enum scrub_kind kind, const char *why)
{
	struct wound *w;
	struct err e;
	layout_path path;
	int rc = r->ask->look ? 1 : quarantine_put(r->s, d, fd, &e);

	if (rc == 0)
		return; /* it has gone, or another has come */
	w = scrub_wounds_add(r, d, kind, why);
	if (w != NULL) {
		w->out = rc > 0;
		if (rc < 0)
			snprintf(w->why, sizeof(w->why), "%.60s, and %.90s", why, e.msg);
		return;
	}
	layout_blob(path, d);
	scrub_tell(r, kind, rc < 0 ? SCRUB_LEFT : SCRUB_QUARANTINED, true, path,
		   "too much is wrong to say at once what this harms; the next run does");
}

/* --- what they harm --- */

static void add_hurt(struct scrub *r, const struct digest *manifest, size_t wound)
{
	size_t i;

	for (i = 0; i < r->nhurt; i++)
		if (r->hurt[i].wound == wound &&
		    digest_equal(&r->hurt[i].manifest, manifest))
			return;
	if (r->nhurt == MAX_HURT) {
		r->wound[wound]->images++;
		return;
	}
	if (r->nhurt % GROW == 0)
		r->hurt = mem_grow(r->hurt, (r->nhurt + GROW) * sizeof(*r->hurt));
	r->hurt[r->nhurt++] = (struct hurt){ *manifest, wound, false };
}

static void add_source(struct scrub *r, struct wound *w)
{
	if (r->local || w->nsources == SCRUB_MAX_SOURCES ||
	    (w->nsources > 0 && strcmp(w->source[w->nsources - 1].s, r->name->s) == 0))
		return;
	w->source = mem_grow(w->source, (w->nsources + 1) * sizeof(*w->source));
	w->source[w->nsources++] = *r->name;
}

void scrub_wounds_hurt(struct scrub *r, const struct digest *manifest, struct wound *w,
		       uint64_t bytes)
{
	if (bytes > w->bytes)
		w->bytes = bytes;
	w->is_manifest = w->is_manifest || digest_equal(manifest, &w->digest);
	w->asked = w->asked || r->asked;
	add_source(r, w);
	add_hurt(r, manifest, w->number);
}

static void add_image(struct wound *w, char *text)
{
	w->images++;
	if (w->nimages < SCRUB_MAX_IMAGES)
		w->image[w->nimages++] = text;
	else
		free(text);
}

/* An index harms by what it names: looked for among those of the repository. */
static int take_index(struct scrub *r, const struct digest *d, bool *grew)
{
	struct manifest doc;
	struct stored *m;
	size_t i, k, n = r->nhurt;

	if (mstore_peek(r->s, r->name, d, &m, NULL) != 0)
		return 0;
	if (manifest_parse((struct view){ m->body, m->n }, &doc, NULL) == 0) {
		for (i = 0; doc.kind == MANIFEST_INDEX && i < doc.nchildren; i++)
			for (k = 0; k < n; k++)
				if (digest_equal(&r->hurt[k].manifest,
						 &doc.child[i].digest)) {
					add_hurt(r, d, r->hurt[k].wound);
					r->hurt[k].below = true;
				}
		manifest_done(&doc);
	}
	stored_unref(m);
	*grew = *grew || r->nhurt > n;
	return 0;
}

struct nesting {
	struct scrub *r;
	bool grew;
};

static int look_for_index(void *arg, const struct digest *d, struct err *e)
{
	struct nesting *w = arg;

	return scrub_step(w->r, e) != 0 ? -1 : take_index(w->r, d, &w->grew);
}

static int name_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct scrub *r = arg;
	struct reference ref;
	struct digest d;
	size_t i;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest ||
	    tag_get(r->s, r->name, tag, &d, NULL) != 0)
		return scrub_step(r, e);
	for (i = 0; i < r->nhurt; i++) {
		if (!digest_equal(&r->hurt[i].manifest, &d))
			continue;
		r->hurt[i].below = true; /* the tag's name says it */
		add_image(r->wound[r->hurt[i].wound], mem_fmt("%s:%s", r->name->s, tag));
	}
	return scrub_step(r, e);
}

int scrub_wounds_images(struct scrub *r, struct err *e)
{
	struct nesting w = { .r = r, .grew = true };
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct err why = { 0 };
	size_t i;
	int depth;

	if (r->nhurt == 0)
		return 0;
	for (depth = 0; depth < MAX_NESTED && w.grew; depth++) {
		w.grew = false;
		if (walk_links(r->s, LINK_REVISION, r->name, look_for_index, &w, e) != 0)
			return -1;
	}
	layout_tags(path, r->name);
	if (fs_each(r->s->dirfd, path, name_tag, r, &why) != 0 &&
	    why.kind == ERR_CANCELLED) {
		*e = why;
		return -1;
	}
	for (i = 0; i < r->nhurt; i++) {
		if (r->hurt[i].below)
			continue;
		digest_text(&r->hurt[i].manifest, text);
		add_image(r->wound[r->hurt[i].wound], mem_fmt("%s@%s", r->name->s, text));
	}
	r->nhurt = 0;
	return 0;
}

/* --- what becomes of them --- */

/* A manifest that is served from memory is right: it was hashed before. */
static bool from_memory(struct scrub *r, const struct wound *w)
{
	struct stored *m = mcache_get(r->s->mcache, &w->digest);
	bool did = m != NULL && blob_put(r->s, &w->digest, m->body, m->n, NULL) == 0;

	stored_unref(m);
	return did;
}

static void heal(struct scrub *r, const struct wound *w, struct scrub_finding *f)
{
	if (r->ask->look) {
		f->done = SCRUB_TOLD;
		return;
	}
	if (blob_exists(r->s, &w->digest, NULL))
		f->done = SCRUB_REPAIRED; /* who pulled meanwhile has brought it */
	else if (from_memory(r, w))
		f->done = SCRUB_MENDED;
	else if (w->nsources > 0 && r->ask->repair != NULL)
		r->ask->repair(r->ask->arg, f);
	if (f->done != SCRUB_LEFT)
		quarantine_forget(r->s, &w->digest);
}

static void describe(const struct wound *w, struct scrub_finding *f)
{
	size_t i;

	f->kind = w->kind;
	f->done = SCRUB_LEFT;
	f->known = w->old;
	f->harms = w->images > 0;
	layout_blob(f->path, &w->digest);
	snprintf(f->why, sizeof(f->why), "%s", w->why);
	f->has_digest = true;
	f->digest = w->digest;
	f->bytes = w->bytes;
	f->is_manifest = w->is_manifest;
	for (i = 0; i < w->nimages; i++)
		f->image[i] = w->image[i];
	f->nimages = w->nimages;
	f->images = w->images;
	f->source = w->source;
	f->nsources = w->nsources;
}

/* What nobody names: it lies in quarantine until its time is over. */
static void settle_unneeded(struct scrub *r, const struct wound *w,
			    struct scrub_finding *f)
{
	layout_path path;

	if (w->kind == SCRUB_MISSING) {
		layout_blob(path, &w->digest);
		*strrchr(path, '/') = '\0';
		if (!r->ask->look)
			fs_prune(r->s->dirfd, path, LAYOUT_BLOBS);
		return;
	}
	if (w->expired && !r->ask->look)
		quarantine_forget(r->s, &w->digest);
	if (w->old)
		return;
	f->done = r->ask->look ? SCRUB_TOLD : w->out ? SCRUB_QUARANTINED : SCRUB_LEFT;
	scrub_give(r, f);
}

static bool is_back(struct scrub *r, const struct wound *w)
{
	return w->kind == SCRUB_MISSING && blob_exists(r->s, &w->digest, NULL);
}

static void settle(struct scrub *r, struct wound *w, struct scrub_finding *f)
{
	w->settled = true;
	if (is_back(r, w) || /* it was about to come, or has come since it was found */
	    (w->out && w->images == 0 && blob_exists(r->s, &w->digest, NULL)))
		return;
	memset(f, 0, sizeof(*f));
	describe(w, f);
	if (w->images == 0) {
		settle_unneeded(r, w, f);
		return;
	}
	if (w->out || r->ask->look)
		heal(r, w, f);
	scrub_give(r, f);
	w->healed = f->done == SCRUB_MENDED || f->done == SCRUB_REPAIRED;
	if (w->out && !w->healed) {
		r->harm_out++;
		r->curable_out += f->nsources > 0;
	}
}

static int settle_some(struct scrub *r, bool all, bool *again, struct err *e)
{
	struct scrub_finding *f = mem_alloc(sizeof(*f));
	size_t i;
	int rc = 0;

	for (i = 0; i < r->nwounds && rc == 0; i++) {
		struct wound *w = r->wound[i];

		if (w->settled || (!all && (!w->is_manifest || w->images == 0)) ||
		    /* another's */
		    (r->wanted != NULL && w->old && !w->asked))
			continue;
		settle(r, w, f);
		*again = *again || w->healed;
		rc = scrub_pace(r, 0, e);
	}
	free(f);
	return rc;
}

void scrub_wounds_forget_images(struct scrub *r)
{
	size_t i, k;

	for (i = 0; i < r->nwounds; i++) {
		struct wound *w = r->wound[i];

		for (k = 0; k < w->nimages && !w->settled; k++)
			free(w->image[k]);
		if (!w->settled)
			w->nimages = w->images = w->nsources = 0;
	}
}

int scrub_wounds_first(struct scrub *r, bool *again, struct err *e)
{
	*again = false;
	return settle_some(r, false, again, e);
}

int scrub_wounds_settle(struct scrub *r, struct err *e)
{
	bool again = false;

	return settle_some(r, true, &again, e);
}
