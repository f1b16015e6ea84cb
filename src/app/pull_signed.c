/*
 * pull_signed.c - an inquiry for each image. No state.
 */
#include "app/pull_signed.h"

#include "base/mem.h"
#include "mirror/warm.h"
#include "store/mstore.h"
#include "trust/inquiry.h"

/* All that its manifest names, also what nobody needs to verify: so that it is whole for
 * clients that fetch it from here, and for an archive. */
static int make_whole(const struct pull_signed *p, const struct batch_image *im,
		      const struct digest *manifest, struct err *e)
{
	const struct reference ref = { .is_digest = true, .digest = *manifest };
	const struct warm_wish all = { .n = 0 };
	struct warm_progress progress = { 0 };
	struct warm_done done;

	return warm_image(p->mirror, &im->route, &ref, &all, p->who, &progress, &done, e);
}

static int bring(const struct pull_signed *p, const struct batch_image *im, struct err *e)
{
	CLEANUP(inquiry_freep)
	struct inquiry *q = NULL;
	const struct evidence *ev;
	struct stored *root;
	size_t i;

	if (mstore_get(mirror_store(p->mirror), &im->route.name, &im->done.digest, &root,
		       e) != 0)
		return -1;
	q = inquiry_new(p->mirror, &im->route, &im->done.digest, root->media_type,
			root->n, p->who, INQUIRY_FRESH);
	stored_unref(root);
	if (inquiry_all(q, e) != 0)
		return -1;
	ev = inquiry_evidence(q);
	if (im->done.stale)
		return 0;
	if (ev->gap[0] != '\0')
		return err_set(e, ERR_UPSTREAM, "its signatures: %s", ev->gap);
	for (i = 0; i < ev->n; i++) {
		const struct evidence_item *it = &ev->item[i];

		if (it->gap != NULL)
			return err_set(e, ERR_UPSTREAM, "its signatures: %s", it->gap);
		if ((i == 0 || !digest_equal(&it->manifest, &ev->item[i - 1].manifest)) &&
		    make_whole(p, im, &it->manifest, e) != 0)
			return err_add(e, "its signatures");
	}
	return 0;
}

int pull_signed_hand(void *arg, struct batch_image *im, bool *handed, struct err *e)
{
	const struct pull_signed *p = arg;

	if (bring(p, im, e) != 0)
		return -1;
	return p->hand != NULL ? p->hand(p->arg, im, handed, e) : 0;
}
