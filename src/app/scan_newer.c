/*
 * scan_newer.c - does the tag, as its upstream has it now, still have what was found?
 *
 * One HEAD a tag, which costs no quota. What is inside of another digest is known when it
 * is in the store, or fetched on request.
 */
#include "app/scan_newer.h"

#include <stdio.h>

#include "app/scan.h"
#include "app/scan_find.h"
#include "store/link.h"

/* By its tag, and not by the digest beside it. */
static bool wants(const struct scan_target *t)
{
	return !t->failed && t->mirrored && t->image.tag[0] != '\0';
}

static void look(struct scan *s)
{
	struct imageargs args = { 0 };
	size_t i, k = 0;

	for (i = 0; i < s->n; i++) {
		struct imageref by_tag = s->target[i].image;

		by_tag.has_digest = false;
		if (wants(&s->target[i]))
			scan_gather_add(&args, &by_tag, &s->target[i].platform, 1);
	}
	scan_gather(s, &args, true);
	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];
		const struct batch_image *im;

		if (!wants(t))
			continue;
		im = &args.arg[k++]->im;
		if (im->result == BATCH_FAILED) {
			t->newer = SCAN_NEWER_UNKNOWN;
			t->newer_why = im->err;
		} else {
			t->newer_root = im->done.digest;
			t->newer = digest_equal(&t->newer_root, &t->root)
					   ? SCAN_NEWER_NONE
					   : SCAN_NEWER_ELSEWHERE;
		}
	}
	imageargs_done(&args);
}

static void fetch(struct scan *s)
{
	struct imageargs args = { 0 };
	size_t i, k = 0;

	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];
		struct imageref by_digest = t->image;

		by_digest.has_digest = true;
		by_digest.digest = t->newer_root;
		if (t->newer == SCAN_NEWER_ELSEWHERE)
			scan_gather_add(&args, &by_digest, &t->platform, 1);
	}
	scan_gather(s, &args, false);
	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];
		const struct batch_image *im;

		if (t->newer != SCAN_NEWER_ELSEWHERE)
			continue;
		im = &args.arg[k++]->im;
		if (im->result == BATCH_FAILED) {
			t->newer = SCAN_NEWER_UNKNOWN;
			t->newer_why = im->err;
		}
	}
	imageargs_done(&args);
}

/* Its packages, if all of it is here. -1 only for what ends the command. */
static int look_inside(struct scan *s, struct scan_target *t, struct err *e)
{
	struct contents c = { 0 };
	struct digest manifest;
	int rc;

	if (scan_choose(s, &t->repo, &t->newer_root, &t->platform, &manifest, NULL) != 0)
		return 0;
	if (contents_read(s->store, &t->repo, &manifest, &c, &t->newer_why) != 0) {
		t->newer = SCAN_NEWER_UNKNOWN;
		return 0;
	}
	t->newer_vuln = vuln_images(s->vuln);
	rc = vuln_add_image(s->vuln, &c, e);
	contents_done(&c);
	t->newer = SCAN_NEWER_HERE;
	return rc;
}

int scan_newer(struct scan *s, struct err *e)
{
	size_t i;

	if (s->offline)
		return 0;
	look(s);
	if (s->fetch_newer)
		fetch(s);
	for (i = 0; i < s->n; i++)
		if (s->target[i].newer == SCAN_NEWER_ELSEWHERE &&
		    look_inside(s, &s->target[i], e) != 0)
			return -1;
	return 0;
}
