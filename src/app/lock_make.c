/*
 * lock_make.c - a batch over items. An item is its batch thread's until the batch ends.
 */
#include "app/lock_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/resolve.h"
#include "mirror/selection.h"
#include "oci/manifest.h"
#include "store/history.h"
#include "upstream/upstream.h"

#define FROM_STORE "store" /* in place of an upstream's URL */

struct making {
	struct gather *g;
	struct lock_items *items;
	const struct lockfile *l;
	const struct lock_make_how *how;
};

static struct lock_item *find(const struct making *mk, const struct batch_image *im)
{
	size_t i;

	for (i = 0; i < mk->items->n; i++)
		if (&mk->items->item[i].arg->im == im)
			return &mk->items->item[i];
	return NULL;
}

static bool has_platform(const struct lockfile_entry *entry, const struct platform *p)
{
	size_t i;

	for (i = 0; i < entry->nplatforms; i++)
		if (memcmp(&entry->platform[i], p, sizeof(*p)) == 0)
			return true;
	return false;
}

/* Those of an index, each once; an image's own is in its configuration. */
static void add_platforms(struct lockfile_entry *entry, const struct manifest *m)
{
	size_t i;

	for (i = 0; m->kind == MANIFEST_INDEX && i < m->nchildren; i++) {
		const struct child *c = &m->child[i];
		char text[100];
		struct platform p;

		/* As it is read again. */
		platform_text(&c->platform, text);
		if (c->is_attestation || platform_parse(view_of(text), &p, NULL) != 0 ||
		    has_platform(entry, &p) ||
		    entry->nplatforms == LOCKFILE_MAX_PLATFORMS)
			continue;
		entry->platform =
			mem_grow(entry->platform, (entry->nplatforms + 1) * sizeof(p));
		entry->platform[entry->nplatforms++] = p;
	}
}

static void set_wish(const struct making *mk, struct lock_item *it)
{
	const struct batch_image *im = &it->arg->im;
	const struct imageref *r = &it->entry.image;
	const struct lockfile_entry *had =
		lockfile_find(mk->l, r->host, r->name.s, r->tag);
	const struct platform *from = mk->how->wish;
	size_t n = mk->how->nwishes;

	if (im->nplatforms > 0) {
		from = im->platform;
		n = im->nplatforms;
	} else if (n == 0 && had != NULL) {
		from = had->wish;
		n = had->nwishes;
	}
	if (n == 0)
		return;
	it->entry.wish = mem_alloc(n * sizeof(*from));
	memcpy(it->entry.wish, from, n * sizeof(*from));
	it->entry.nwishes = n;
}

static int describe(const struct making *mk, struct lock_item *it, const struct stored *m,
		    struct err *e)
{
	struct warm_wish wish;
	struct manifest parsed;
	int rc;

	if (manifest_parse((struct view){ m->body, m->n }, &parsed, e) != 0)
		return -1;
	set_wish(mk, it);
	wish = (struct warm_wish){ it->entry.wish, it->entry.nwishes, false };
	rc = selection_check(&parsed, &wish, it->entry.image.name.s, e);
	if (rc == 0)
		add_platforms(&it->entry, &parsed);
	manifest_done(&parsed);
	it->entry.media_type = mem_dup(m->media_type);
	it->entry.image.digest = m->digest;
	it->entry.image.has_digest = true;
	return rc;
}

/* A digest beside the tag says all. */
static int find_past(const struct making *mk, const struct batch_image *im,
		     struct lock_item *it, struct reference *ref, struct err *e)
{
	const struct lock_make_how *how = mk->how;

	if (!how->has_asof || ref->is_digest)
		return 0;
	if (history_resolve(mk->g->store, &im->route.name, ref->tag, how->asof_ms,
			    &ref->digest, e) != 0)
		return -1;
	ref->is_digest = true;
	it->entry.as_of_s = how->asof_ms / 1000;
	return 0;
}

static int make(void *arg, struct batch_image *im, struct err *e)
{
	struct making *mk = arg;
	struct lock_item *it = find(mk, im);
	struct reference ref = imageref_reference(&im->image);
	struct found_manifest found;
	int rc;

	im->result = BATCH_DONE;
	if (it == NULL || it->result != LOCK_NONE)
		return 0;
	if (find_past(mk, im, it, &ref, e) != 0)
		return -1;
	rc = resolve_manifest(mk->g->mirror, &im->route, &ref, VISIT_PERSON, false,
			      &found, e);
	if (rc != 0)
		return -1;
	if (found.stale && it->had) {
		/* What it is locked to stays: nobody has said where else it should be. */
		stored_unref(found.m);
		it->result = e->kind == ERR_NOT_FOUND ? LOCK_GONE : LOCK_UNKNOWN;
		it->err = *e;
		return 0;
	}
	if (found.stale)
		it->err = *e;
	rc = describe(mk, it, found.m, e);
	stored_unref(found.m);
	if (rc != 0)
		return -1;
	it->entry.from =
		mem_dup(found.stale ? FROM_STORE : upstream_url(im->route.site->up));
	it->entry.locked_s = clock_wall_ms() / 1000;
	it->result = found.stale					  ? LOCK_STALE
		     : !it->had						  ? LOCK_NEW
		     : digest_equal(&it->before, &it->entry.image.digest) ? LOCK_SAME
									  : LOCK_MOVED;
	return 0;
}

/* What a batch could not do. */
static void take_failures(struct lock_items *items, enum lock_result as)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		struct lock_item *it = &items->item[i];

		if (it->result != LOCK_NONE || it->arg->im.result != BATCH_FAILED)
			continue;
		it->result = as;
		it->err = it->arg->im.err;
	}
}

void lock_make_entries(struct gather *g, struct lock_items *items, struct imageargs *args,
		       const struct lockfile *l, const struct lock_make_how *how)
{
	struct making mk = { g, items, l, how };
	struct batch b = {
		.at_once = how->at_once, .who = VISIT_PERSON, .work = make, .arg = &mk
	};

	gather_run(g, &b, args);
	take_failures(items, LOCK_FAILED);
}

static enum lock_result judge(struct lock_item *it, enum lock_make_where where)
{
	const struct warm_done *done = &it->arg->im.done;
	bool missing = where != LOCK_MAKE_UPSTREAM && !done->complete;

	it->entry.image.digest = done->digest;
	it->entry.image.has_digest = true;
	it->incomplete = missing && done->lock.drifted;
	it->has_upstream = done->lock.has_upstream;
	it->upstream = done->lock.upstream;
	if (done->lock.drifted)
		return done->lock.has_upstream ? LOCK_DRIFT : LOCK_GONE;
	return missing ? LOCK_MISSING : LOCK_OK;
}

void lock_make_check(struct gather *g, struct lock_items *items, struct imageargs *args,
		     enum lock_make_where where, unsigned at_once)
{
	struct batch b = { .at_once = at_once, .who = VISIT_PERSON, .look = true };
	size_t i;

	for (i = 0; i < args->n; i++)
		args->arg[i]->im.as_locked = where == LOCK_MAKE_STORE;
	gather_run(g, &b, args);
	take_failures(items, LOCK_UNKNOWN);
	for (i = 0; i < items->n; i++)
		if (items->item[i].result == LOCK_NONE)
			items->item[i].result = judge(&items->item[i], where);
}
