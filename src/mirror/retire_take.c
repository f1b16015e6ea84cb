/*
 * retire_take.c - taking images out, repository by repository, in two strides: all tags,
 * then all manifests. The disk is waited for after each, once for all of them: a tag that
 * came back after a power cut would lead to a manifest that did not.
 */
#include "mirror/retire_take.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/removal.h"
#include "store/history.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/marks.h"
#include "store/reach.h"
#include "store/walk.h"

#define GROW 64		      /* digests */
#define MARK_BYTES (8u << 20) /* for the manifests that go from one repository */

struct digests {
	struct digest *d;
	size_t n;
};

/* What goes from one repository. */
struct part {
	const struct retire_image *im;
	size_t n;
	struct digests go;
};

struct taking {
	struct store *s;
	struct publishing *p;
	struct removal *removal; /* NULL: nothing is removed */
	void (*removed)(void *arg, const struct reponame *name, const struct digest *d);
	void *arg;
	/* the present repository */
	struct part *part;
	struct reach *out, *stays;
	struct digests others; /* manifests that are no part of what goes */
};

static void digests_add(struct digests *l, const struct digest *d)
{
	if (l->n % GROW == 0)
		l->d = mem_grow(l->d, (l->n + GROW) * sizeof(*l->d));
	l->d[l->n++] = *d;
}

static bool is_among(void *arg, const char *tag)
{
	const struct taking *t = arg;
	size_t i;

	for (i = 0; i < t->part->n; i++)
		if (strcmp(t->part->im[i].tag, tag) == 0)
			return true;
	return false;
}

static bool no_tag(void *arg, const char *tag)
{
	struct digest about;

	return !reach_tag_is_about(tag, &about);
}

/* What stays keeps what it names, also where that is part of what goes. */
static int note_other(void *arg, const struct digest *d, struct err *e)
{
	struct taking *t = arg;

	if (!reach_has(t->out, d))
		digests_add(&t->others, d);
	return 0;
}

static int note_going(void *arg, const struct digest *d, struct err *e)
{
	struct taking *t = arg;

	if (reach_has(t->out, d) && !reach_has(t->stays, d))
		digests_add(&t->part->go, d);
	return 0;
}

/* Which manifests only these images lead to. */
static int find_going(struct taking *t, struct err *e)
{
	const struct reponame *name = &t->part->im->repository;
	struct reach_memo *memo = reach_memo_new();
	struct digests root = { 0 };
	size_t i;
	int rc = -1;

	for (i = 0; i < t->part->n; i++)
		if (t->part->im[i].has_digest)
			digests_add(&root, &t->part->im[i].digest);
	t->others.n = 0;
	t->stays = NULL;
	t->out = reach_new(t->s, name, no_tag, NULL, root.d, root.n, memo, e);
	if (t->out != NULL &&
	    walk_links(t->s, LINK_REVISION, name, note_other, t, e) == 0)
		t->stays = reach_new(t->s, name, is_among, t, t->others.d, t->others.n,
				     memo, e);
	if (t->stays != NULL)
		rc = walk_links(t->s, LINK_REVISION, name, note_going, t, e);
	reach_free(t->out);
	reach_free(t->stays);
	reach_memo_free(memo);
	free(root.d);
	return rc;
}

/* A mirrored tag stays what it is, without a copy here. */
static const char *history_says(const struct part *part)
{
	return part->im->hold == RETIRE_LOCAL ? HISTORY_PRUNE : NULL;
}

/* Where there is no room for more marks, a manifest whose tag is still there stays, too.
 */
static int untag(const struct taking *t, struct err *e)
{
	const struct part *part = t->part;
	struct publish_tag *tag = mem_alloc(part->n * sizeof(*tag));
	struct marks *going = marks_new(MARK_BYTES);
	size_t i, ntags = 0;
	int rc;

	for (i = 0; i < part->n; i++)
		if (part->im[i].tag[0] != '\0')
			tag[ntags++] = (struct publish_tag){ part->im[i].tag,
							     part->im[i].has_digest
								     ? &part->im[i].digest
								     : NULL };
	for (i = 0; i < part->go.n; i++)
		(void)marks_add(going, &part->go.d[i]);
	rc = publish_drop_tags(t->p, &part->im->repository, tag, ntags, going,
			       history_says(part), t->removal, e);
	marks_free(going);
	free(tag);
	return rc;
}

static int take_tags(struct taking *t, struct part *part, struct err *e)
{
	size_t i;

	t->part = part;
	if (find_going(t, e) != 0)
		return -1;
	for (i = 0; i < part->go.n && t->removed != NULL; i++)
		t->removed(t->arg, &part->im->repository, &part->go.d[i]);
	return t->removal != NULL ? untag(t, e) : 0;
}

static size_t split(const struct retire_image *im, size_t n, struct part *part)
{
	size_t i, nparts = 0;

	for (i = 0; i < n; i++) {
		if (i == 0 || strcmp(im[i].repository.s, im[i - 1].repository.s) != 0)
			part[nparts++] = (struct part){ .im = &im[i] };
		part[nparts - 1].n++;
	}
	return nparts;
}

/* Also what was taken before something failed is to stay away. */
static int make_last(struct taking *t, int rc, struct err *e)
{
	if (t->removal == NULL)
		return rc;
	if (rc == 0)
		return removal_last(t->removal, e);
	removal_last(t->removal, NULL);
	return rc;
}

static int take_all(struct taking *t, struct part *part, size_t nparts, struct err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < nparts && rc == 0; i++)
		rc = take_tags(t, &part[i], e);
	rc = make_last(t, rc, e);
	if (rc != 0 || t->removal == NULL)
		return rc;
	for (i = 0; i < nparts && rc == 0; i++)
		rc = publish_drop(t->p, &part[i].im->repository, part[i].go.d,
				  part[i].go.n, t->removal, e);
	return make_last(t, rc, e);
}

int retire_take(struct store *s, struct publishing *p, const struct retire_image *im,
		size_t n, bool dry_run,
		void (*removed)(void *arg, const struct reponame *name,
				const struct digest *d),
		void *arg, uint64_t *manifests, struct err *e)
{
	struct taking t = { .s = s, .p = p, .removed = removed, .arg = arg };
	struct part *part = mem_alloc((n + 1) * sizeof(*part));
	size_t i, nparts = split(im, n, part);
	int rc;

	*manifests = 0;
	if (!dry_run)
		t.removal = removal_new(s->dirfd, LAYOUT_TMP, LAYOUT_REPOSITORIES);
	rc = take_all(&t, part, nparts, e);
	for (i = 0; i < nparts; i++) {
		*manifests += part[i].go.n;
		free(part[i].go.d);
	}
	removal_free(t.removal);
	free(t.others.d);
	free(part);
	return rc;
}
