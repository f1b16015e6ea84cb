/*
 * manifest_here.c - no state of its own.
 */
#include "mirror/manifest_here.h"

#include "mirror/mirror_impl.h"
#include "store/mstore.h"

/* What it says of its blobs' sizes, so that a file that was cut is noticed. */
static void note_sizes(struct mirror *m, const struct stored *got)
{
	struct manifest parsed;

	if (sizes_has(m->fetch.sizes, &got->digest) ||
	    manifest_parse((struct view){ got->body, got->n }, &parsed, NULL) != 0)
		return;
	sizes_note(m->fetch.sizes, &parsed);
	sizes_proved(m->fetch.sizes, &got->digest, got->n);
	manifest_done(&parsed);
}

struct stored *manifest_here(struct mirror *m, const struct route *r,
			     const struct digest *d, struct err *e)
{
	struct stored *got;

	if (mstore_get(m->store, &r->name, d, &got, e) == 0) {
		note_sizes(m, got);
		return got;
	}
	return r->site != NULL ? overflow_get(m->fetch.overflow, &r->name, d) : NULL;
}
