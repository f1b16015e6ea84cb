/*
 * scan_find.c - which images, of which platforms, and where they are in the store.
 */
#include "app/scan_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/export_images.h"
#include "app/here.h"
#include "app/scan.h"
#include "base/mem.h"
#include "mirror/choose.h"
#include "mirror/named.h"
#include "mirror/parts.h"
#include "store/link.h"
#include "store/tag.h"

#define DEFAULT_LIST "base-images.txt"

/* Every tag in the store, as if it had been named. */
static int read_all(struct scan *s, struct err *e)
{
	struct option_values no_files = { .n = 0 };
	struct export_images all = { .store = s->store, .plan = s->plan };
	int rc = export_images_find(&all, NULL, e);

	if (rc == 0)
		rc = imageargs_read(&s->args, all.shown, all.n, &no_files, s->envp, e);
	export_images_done(&all);
	return rc;
}

static int read_images(struct scan *s, char **operand, size_t n, struct err *e)
{
	struct option_values list = s->files;

	if (s->all)
		return read_all(s, e);
	if (n == 0 && list.n == 0 && s->settings->images != NULL)
		list.v[list.n++] = s->settings->images;
	if (n == 0 && list.n == 0 && access(DEFAULT_LIST, R_OK) == 0)
		list.v[list.n++] = DEFAULT_LIST;
	if (n == 0 && list.n == 0)
		return err_set(e, ERR_INVALID,
			       "no images: name some, a list with --file FILE, or --all "
			       "(there is no " DEFAULT_LIST " here)");
	return imageargs_read(&s->args, operand, n, &list, s->envp, e);
}

static int set_platforms(struct scan *s, struct err *e)
{
	struct platform platform[IMAGELIST_MAX_PLATFORMS];
	size_t n = 1;

	if (s->platform == NULL)
		here_platform(&platform[0]);
	else if (imagelist_platforms(view_of(s->platform), platform, &n, e) != 0)
		return err_add(e, "--platform");
	imageargs_set_platforms(&s->args, platform, n);
	return 0;
}

/* A target a platform. */
static void add_targets(struct scan *s)
{
	size_t i, k, n = 0;

	for (i = 0; i < s->args.n; i++)
		n += s->args.arg[i]->bad ? 1 : s->args.arg[i]->im.nplatforms;
	s->target = mem_alloc((n + 1) * sizeof(*s->target));
	for (i = 0; i < s->args.n; i++) {
		const struct imagearg *arg = s->args.arg[i];

		for (k = 0; k < (arg->bad ? 1 : arg->im.nplatforms); k++) {
			struct scan_target *t = &s->target[s->n++];

			t->text = mem_dup(arg->text);
			t->image = arg->im.image;
			t->failed = arg->bad;
			t->why = arg->im.err;
			if (!arg->bad)
				t->platform = arg->im.platform[k];
		}
	}
}

int scan_choose(struct scan *s, const struct reponame *repo, const struct digest *root,
		const struct platform *platform, struct digest *manifest, struct err *e)
{
	struct choice choice = { 0 };
	struct parts parts = { 0 };

	if (choose_manifest(s->store, repo, root, platform, &choice, e) != 0)
		return -1;
	*manifest = choice.manifest->digest;
	choice_done(&choice);
	if (parts_make(s->store, repo, manifest, NULL, &parts, e) != 0)
		return -1;
	parts_done(&parts);
	return 0;
}

static int place(struct scan *s, struct scan_target *t, struct err *e)
{
	struct route route;

	if (named_route(s->plan, &t->image, &route, e) != 0)
		return -1;
	t->repo = route.name;
	t->mirrored = route.site != NULL;
	route_done(&route);
	t->root = t->image.digest;
	if (t->image.has_digest
		    ? !link_exists(s->store, LINK_REVISION, &t->repo, &t->image.digest)
		    : tag_get(s->store, &t->repo, t->image.tag, &t->root, NULL) != 0)
		return err_set(e, ERR_NOT_FOUND, "it is not in the store");
	return scan_choose(s, &t->repo, &t->root, &t->platform, &t->manifest, e);
}

void scan_gather_add(struct imageargs *args, const struct imageref *image,
		     const struct platform *platform, size_t nplatforms)
{
	struct imagearg *arg = mem_alloc(sizeof(*arg));
	char text[IMAGEREF_TEXT_MAX];

	imageref_text(image, text);
	arg->text = mem_dup(text);
	arg->im.image = *image;
	if (nplatforms > 0)
		memcpy(arg->im.platform, platform, nplatforms * sizeof(*platform));
	arg->im.nplatforms = nplatforms;
	args->arg = mem_grow(args->arg, (args->n + 1) * sizeof(struct imagearg *));
	args->arg[args->n++] = arg;
}

void scan_gather(struct scan *s, struct imageargs *args, bool look)
{
	struct batch b = { .at_once = SCAN_AT_ONCE, .look = look, .who = VISIT_PERSON };

	s->g.quiet = s->quiet || look;
	if (args->n > 0)
		gather_run(&s->g, &b, args);
}

/* What a pull may mend. */
static bool is_missing(const struct scan *s, const struct scan_target *t)
{
	return t->failed && t->mirrored && t->why.kind == ERR_NOT_FOUND && !s->offline;
}

static void pull_missing(struct scan *s)
{
	struct imageargs args = { 0 };
	size_t i, k = 0;

	for (i = 0; i < s->n; i++)
		if (is_missing(s, &s->target[i]))
			scan_gather_add(&args, &s->target[i].image,
					&s->target[i].platform, 1);
	scan_gather(s, &args, false);
	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];
		const struct batch_image *im;

		if (!is_missing(s, t))
			continue;
		im = &args.arg[k++]->im;
		t->pulled = im->result != BATCH_FAILED && im->result != BATCH_STALE;
		if (im->result == BATCH_FAILED)
			t->why = im->err;
		else
			t->failed = place(s, t, &t->why) != 0;
	}
	imageargs_done(&args);
}

int scan_find(struct scan *s, char **operand, size_t n, struct err *e)
{
	size_t i;

	if (read_images(s, operand, n, e) != 0 || set_platforms(s, e) != 0)
		return -1;
	add_targets(s);
	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];

		if (!t->failed)
			t->failed = place(s, t, &t->why) != 0;
	}
	pull_missing(s);
	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];

		if (t->failed && t->why.kind == ERR_NOT_FOUND && s->offline)
			err_add(&t->why, "--offline, so it is not pulled");
	}
	return 0;
}

static void keep_summary(struct scan_target *t, const struct contents *c)
{
	size_t i;

	snprintf(t->os, sizeof(t->os), "%s",
		 c->os.name[0] != '\0' ? c->os.name : c->os.id);
	t->gap = mem_alloc((c->ngaps + 1) * sizeof(*t->gap));
	for (i = 0; i < c->ngaps; i++) {
		const struct contents_gap *gap = &c->gap[i];

		t->gap[t->ngaps++] = mem_fmt("%s%s%s", gap->path,
					     gap->path[0] != '\0' ? ": " : "", gap->why);
	}
}

int scan_read(struct scan *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];
		struct contents c = { 0 };
		int rc;

		if (t->failed)
			continue;
		if (contents_read(s->store, &t->repo, &t->manifest, &c, &t->why) != 0) {
			t->failed = true;
			continue;
		}
		t->vuln = vuln_images(s->vuln);
		rc = vuln_add_image(s->vuln, &c, e);
		keep_summary(t, &c);
		contents_done(&c);
		if (rc != 0)
			return -1;
	}
	return 0;
}

void scan_targets_done(struct scan *s)
{
	size_t i, k;

	for (i = 0; i < s->n; i++) {
		for (k = 0; k < s->target[i].ngaps; k++)
			free(s->target[i].gap[k]);
		free(s->target[i].gap);
		free(s->target[i].text);
	}
	free(s->target);
}
