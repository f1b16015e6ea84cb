/*
 * trial.c - no state of its own.
 */
#include "mirror/trial.h"

#include <string.h>

#include "mirror/awaited.h"
#include "mirror/flight.h"
#include "mirror/former.h"
#include "mirror/mirror_impl.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "store/blob.h"
#include "store/mstore.h"

/* Larger ones are no configuration that one would wait for. */
#define TRIAL_MAX_BYTES (UINT64_C(4) << 20)

/* Of what is here of an index the platform that is wanted, or the only one; NULL: there
 * is none, or it cannot be told which. */
static const struct child *likely_platform(struct mirror *m, const struct route *r,
					   const struct manifest *index,
					   const struct platform *wanted)
{
	const struct child *one = NULL;
	size_t left = FORMER_MAX_BYTES, i, n = 0;

	for (i = 0; i < index->nchildren; i++) {
		const struct child *c = &index->child[i];

		if (!c->is_manifest || c->is_attestation ||
		    !former_is_whole_within(m->store, &r->name, &c->digest, &left))
			continue;
		if (wanted->os[0] != '\0' && platform_match(&c->platform, wanted))
			return c;
		one = c;
		n++;
	}
	return n == 1 ? one : NULL;
}

/* It is coming, for another repository: what then has to be asked for this one would be
 * asked by a task of the same lane, which may be full of those that wait here. */
static bool comes_elsewhere(struct mirror *m, const struct route *r,
			    const struct digest *d)
{
	struct task *t = flights_find(m->flights, r, d);
	bool yes = t != NULL && strcmp(flight_name(t)->s, r->name.s) != 0;

	task_unref(t);
	return yes;
}

/* Is there a configuration that may be waited for, and is not here? */
static bool lacks_config(struct mirror *m, const struct manifest *image)
{
	return image->kind == MANIFEST_IMAGE && image->has_config &&
	       image->child[0].size <= TRIAL_MAX_BYTES &&
	       !blob_exists(m->store, &image->child[0].digest, NULL);
}

static int try_config(struct mirror *m, const struct route *r,
		      const struct manifest *image, struct err *e)
{
	if (!lacks_config(m, image) || comes_elsewhere(m, r, &image->child[0].digest))
		return 0;
	return awaited_blob(m, r, &image->child[0].digest, VISIT_CLIENT, e);
}

static int try_entry(struct mirror *m, const struct route *r, const struct child *entry,
		     const struct fetch_how *how, struct err *e)
{
	struct fetch_how plain = { .deadline_ms = how->deadline_ms, .want = how->want };
	struct manifest image;
	struct stored *got;
	bool unsaved;
	int rc;

	if (fetch_manifest(&m->fetch, r, &entry->digest, &plain, &got, &unsaved, e) != 0)
		return -1;
	rc = manifest_parse((struct view){ got->body, got->n }, &image, NULL);
	stored_unref(got);
	if (rc != 0)
		return 0;
	rc = try_config(m, r, &image, e);
	manifest_done(&image);
	return rc;
}

static int failed(struct err *e)
{
	/* It has the manifest that names it: this is not about the tag. */
	if (e->kind == ERR_NOT_FOUND)
		e->kind = ERR_UPSTREAM;
	return err_add(e, "what the tag has moved to cannot be had");
}

int trial_run(struct mirror *m, const struct route *r, const struct digest *had,
	      const struct digest *now, const struct platform *wanted,
	      const struct fetch_how *how, struct err *e)
{
	const struct child *here, *next;
	struct manifest before, after;
	int rc = 0;

	if (!former_is_whole(m->store, &r->name, had) ||
	    mstore_parsed(m->store, &r->name, now, &after, NULL, NULL) != 0)
		return 0;
	if (after.kind == MANIFEST_IMAGE) {
		rc = try_config(m, r, &after, e);
	} else if (mstore_parsed(m->store, &r->name, had, &before, NULL, NULL) == 0) {
		here = before.kind == MANIFEST_INDEX
			       ? likely_platform(m, r, &before, wanted)
			       : NULL;
		next = here != NULL ? manifest_platform(&after, &here->platform) : NULL;
		if (next != NULL)
			rc = try_entry(m, r, next, how, e);
		manifest_done(&before);
	}
	manifest_done(&after);
	return rc == 0 ? 0 : failed(e);
}

bool trial_is_due(struct mirror *m, const struct route *r, const struct digest *now,
		  const struct platform *wanted)
{
	struct manifest index, image;
	const struct child *entry;
	bool due = false;

	if (wanted->os[0] == '\0' ||
	    mstore_parsed(m->store, &r->name, now, &index, NULL, NULL) != 0)
		return false;
	entry = index.kind == MANIFEST_INDEX ? manifest_platform(&index, wanted) : NULL;
	if (entry != NULL &&
	    mstore_parsed(m->store, &r->name, &entry->digest, &image, NULL, NULL) != 0) {
		due = true;
	} else if (entry != NULL) {
		due = lacks_config(m, &image);
		manifest_done(&image);
	}
	manifest_done(&index);
	return due;
}

int trial_platform(struct mirror *m, const struct route *r, const struct digest *now,
		   const struct platform *wanted, const struct fetch_how *how,
		   struct err *e)
{
	const struct child *entry;
	struct manifest index;
	int rc;

	if (mstore_parsed(m->store, &r->name, now, &index, NULL, NULL) != 0)
		return 0;
	entry = manifest_platform(&index, wanted);
	rc = entry != NULL ? try_entry(m, r, entry, how, e) : 0;
	manifest_done(&index);
	return rc == 0 ? 0 : failed(e);
}
