/*
 * cmd_diff.c - `larder diff`: what changed from one image to another.
 *
 * What is in the store is compared as it is there, and nobody is asked; what is not is
 * brought as `larder pull` would.
 */
#include "app/cmd_diff.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/changes.h"
#include "app/gather.h"
#include "app/here.h"
#include "app/imageargs.h"
#include "app/options.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "mirror/named.h"
#include "mirror/parts.h"
#include "oci/asof.h"
#include "store/history.h"
#include "store/link.h"
#include "store/tag.h"
#include "trust/compare_show.h"
#include "upstream/upstream.h"

#define EXIT_DIFFERENT 2

static const char about[] =
	"Says what changed from image A to image B: packages added, removed, upgraded "
	"and "
	"downgraded, the system's release, configuration, size and layers. Any two "
	"images "
	"will do: two tags, a tag and its older self by @digest or as of a date "
	"(asof-2026-11-01/library/python:3.11-slim), two platforms.\n"
	"What is in the store is compared as it is there; what is not is fetched, as "
	"larder pull would. Layers are read as streams, nothing is unpacked to disk.\n"
	"For what an update would bring, see larder update --check --diff.";

/* One of the two images. */
struct one {
	struct imageargs args;	       /* it alone */
	char shown[IMAGEREF_TEXT_MAX]; /* its name, without a digest */
	struct platform platform;
	struct route route;
	bool routed;
	struct digest digest;
	bool has_asof; /* the tag as of a date */
	int64_t asof_ms;
};

struct diffing {
	struct gather gather;
	const char *platform;
	bool json, markdown, offline, exit_code;
	struct one one[2];
	struct changes changes;
	bool found;
};

/* --- what is asked for --- */

static int read_platforms(struct diffing *d, struct err *e)
{
	struct platform p[IMAGELIST_MAX_PLATFORMS];
	size_t n = 1;

	here_platform(&p[0]);
	if (d->platform != NULL &&
	    imagelist_platforms(view_of(d->platform), p, &n, e) != 0)
		return err_add(e, "--platform");
	if (n < 1 || n > 2)
		return err_set(e, ERR_INVALID,
			       "--platform: one for both images, or two, for A and B");
	d->one[0].platform = p[0];
	d->one[1].platform = p[n - 1];
	return 0;
}

/* The digest is said beside. */
static void set_shown(struct one *one)
{
	struct imageref r = one->args.arg[0]->im.image;

	r.has_digest = false;
	if (r.tag[0] != '\0')
		imageref_text(&r, one->shown);
	else
		imageref_name(&r, one->shown);
}

/* "asof-2026-11-01/library/python:3.11-slim" is that name, and a time. */
static int take_date(struct one *one, struct err *e)
{
	struct imageref *r = &one->args.arg[0]->im.image;
	char text[IMAGEREF_TEXT_MAX];
	struct reponame rest;
	struct imageref plain;

	if (r->host[0] != '\0' || r->has_digest || !asof_is(r->name.s))
		return 0;
	if (asof_split(&r->name, clock_wall_ms(), &rest, &one->asof_ms, e) != 0)
		return -1;
	snprintf(text, sizeof(text), "%s:%s", rest.s, r->tag);
	if (imageref_parse(view_of(text), &plain, e) != 0)
		return -1;
	*r = plain;
	one->has_asof = true;
	return 0;
}

static int read_images(struct diffing *d, const struct options *o, struct err *e)
{
	static const struct option_values no_files = { .n = 0 };
	int i;

	if (o->n_operands != 2)
		return err_set(e, ERR_INVALID,
			       "two images: larder diff A B (see larder diff --help)");
	if (d->json && d->markdown)
		return err_set(e, ERR_INVALID, "--json and --markdown: one of them");
	for (i = 0; i < 2; i++) {
		struct one *one = &d->one[i];

		if (imageargs_read(&one->args, &o->operand[i], 1, &no_files,
				   d->gather.envp, e) != 0)
			return -1;
		if (one->args.arg[0]->bad) {
			*e = one->args.arg[0]->im.err;
			return -1;
		}
		set_shown(one);
		if (take_date(one, e) != 0)
			return -1;
	}
	return read_platforms(d, e);
}

/* --- what is here --- */

static void forget_routes(struct diffing *d)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (d->one[i].routed)
			route_done(&d->one[i].route);
		d->one[i].routed = false;
	}
}

/* Where it is in the store, and all of it there: 1; not, or not all: 0; -1: *e. */
static int look_for(struct store *s, struct plan *plan, struct one *one, struct err *e)
{
	struct imageref *r = &one->args.arg[0]->im.image;
	struct parts parts;

	if (named_route(plan, r, &one->route, e) != 0)
		return -1;
	one->routed = true;
	if (one->has_asof && !r->has_digest) {
		if (history_resolve(s, &one->route.name, r->tag, one->asof_ms, &r->digest,
				    e) != 0)
			return err_add(e, "%s", one->shown);
		r->has_digest = true; /* also for who fetches it */
	}
	one->digest = r->digest;
	if (r->has_digest ? !link_exists(s, LINK_REVISION, &one->route.name, &r->digest)
			  : tag_get(s, &one->route.name, r->tag, &one->digest, NULL) != 0)
		return 0;
	if (parts_make(s, &one->route.name, &one->digest, &one->platform, &parts, e) != 0)
		return e->kind == ERR_NOT_FOUND
			       ? 0
			       : err_add(e, "%s", one->args.arg[0]->text);
	parts_done(&parts);
	return 1;
}

static int compare(struct diffing *d, struct store *s, struct err *e)
{
	struct changes_side side[2];
	int i;

	for (i = 0; i < 2; i++)
		side[i] = (struct changes_side){ .shown = d->one[i].shown,
						 .repo = &d->one[i].route.name,
						 .digest = d->one[i].digest,
						 .platform = d->one[i].platform };
	if (changes_find(s, &side[0], &side[1], &d->changes, e) != 0)
		return -1;
	d->found = true;
	return 0;
}

static int not_here(const struct one *one, const struct err *why, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "%s: %s", one->args.arg[0]->text,
		       why->msg[0] != '\0' ? why->msg
					   : "it is not in the store, and nothing is "
					     "fetched (--offline)");
}

/* From what is in the store: 1 compared, 0 something is missing, -1. */
static int try_store(struct diffing *d, struct err *e)
{
	const struct settings *s = d->gather.settings;
	struct store *store = NULL;
	struct plan *plan;
	struct err why = { .msg = "" };
	int i, here = 1;

	if (store_look(s->root, &store, e) != 0)
		return e->kind == ERR_NOT_FOUND && !d->offline ? 0 : -1;
	plan = wire_store_plan(s, store, e);
	for (i = 0; i < 2 && plan != NULL && here == 1; i++) {
		here = look_for(store, plan, &d->one[i], &why);
		if (here < 0)
			*e = why;
		else if (here == 0)
			not_here(&d->one[i], &why, e);
	}
	if (plan == NULL)
		here = -1;
	if (here == 1 && compare(d, store, e) != 0)
		here = -1;
	forget_routes(d);
	plan_unref(plan);
	store_close(store);
	return here == 0 && d->offline ? -1 : here;
}

/* --- what is not --- */

static int fetch(struct diffing *d, bool missing[2], struct err *e)
{
	struct imagearg *arg[2];
	struct imageargs args = { .arg = arg };
	struct batch b = { .at_once = 2, .who = VISIT_PERSON };
	size_t i;

	for (i = 0; i < 2; i++) {
		if (!missing[i])
			continue;
		arg[args.n] = d->one[i].args.arg[0];
		arg[args.n]->im.platform[0] = d->one[i].platform;
		arg[args.n]->im.nplatforms = 1;
		args.n++;
	}
	gather_run(&d->gather, &b, &args);
	for (i = 0; i < args.n; i++) {
		if (arg[i]->im.result != BATCH_FAILED)
			continue;
		*e = arg[i]->im.err;
		return err_add(e, "%s", arg[i]->text);
	}
	return 0;
}

/* With upstreams: what is missing is brought, then all of it is looked for again. */
static int try_upstreams(struct diffing *d, struct err *e)
{
	struct gather *g = &d->gather;
	bool missing[2];
	struct err why = { .msg = "" };
	int i, here;

	if (gather_open(g, e) != 0)
		return -1;
	for (i = 0; i < 2; i++) {
		here = look_for(g->store, g->plan, &d->one[i], e);
		if (here < 0)
			return -1;
		missing[i] = here == 0;
	}
	forget_routes(d);
	if (fetch(d, missing, e) != 0)
		return -1;
	for (i = 0; i < 2; i++) {
		here = look_for(g->store, g->plan, &d->one[i], &why);
		if (here != 1) {
			*e = why;
			return here < 0 ? -1 : not_here(&d->one[i], &why, e);
		}
	}
	return compare(d, g->store, e);
}

/* --- what is said --- */

static int add_header(struct buf *out, const char *mark, const struct changes_side *side,
		      const struct contents *c)
{
	char digest[DIGEST_TEXT_MAX], platform[100];

	digest_text(&side->digest, digest);
	platform_text(&c->config.platform, platform);
	if (buf_addf(out, "%s %s@%s\n    ", mark, side->shown, digest) != 0 ||
	    human_escape(out, platform, sizeof(platform)) != 0 ||
	    buf_addf(out, ", %zu packages", c->packages.n) != 0)
		return -1;
	if (c->config.created[0] != '\0' &&
	    (buf_adds(out, ", made ") != 0 ||
	     human_escape(out, c->config.created, 40) != 0))
		return -1;
	return buf_adds(out, "\n");
}

static int add_text(struct buf *out, const struct changes *c)
{
	const struct comparison *k = &c->comparison;

	if (add_header(out, "---", &c->before, k->before) != 0 ||
	    add_header(out, "+++", &c->after, k->after) != 0 ||
	    compare_text_summary(k, out) != 0 || buf_adds(out, "\n") != 0)
		return -1;
	return compare_text(k, 0, out);
}

static void print_markdown(const struct changes *c)
{
	CLEANUP(buf_done)
	struct buf shown = BUF_INIT(2 * IMAGEREF_TEXT_MAX + 8);
	struct changes_page page;

	if (strcmp(c->before.shown, c->after.shown) == 0)
		buf_adds(&shown, c->after.shown);
	else
		buf_addf(&shown, "%s -> %s", c->before.shown, c->after.shown);
	changes_page_init(&page);
	changes_page_add(&page, buf_str(&shown), &c->before.digest, &c->after.digest, c,
			 NULL);
	changes_page_print(&page, "What changed", "", stdout);
	changes_page_done(&page);
}

static int print(const struct diffing *d, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(COMPARE_SHOW_MAX);
	const struct changes *c = &d->changes;
	int rc = 0;

	if (d->markdown) {
		print_markdown(c);
	} else {
		rc = d->json ? changes_json(c, &out) : add_text(&out, c);
		if (rc == 0)
			fwrite(buf_str(&out), 1, out.n, stdout);
		if (rc == 0 && d->json)
			fputc('\n', stdout);
	}
	if (rc != 0)
		return err_set(e, ERR_LIMIT, "more has changed than can be shown");
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(e, "cannot write");
	return 0;
}

static int diff(struct diffing *d, const struct options *o, struct err *e)
{
	int rc;

	if (read_images(d, o, e) != 0)
		return EXIT_WRONG_USE;
	if (upstream_global_init(e) != 0)
		return EXIT_FAILED;
	rc = try_store(d, e);
	upstream_global_done();
	if (rc == 0) {
		rc = try_upstreams(d, e);
		forget_routes(d);
		gather_close(&d->gather);
	}
	if (!d->found)
		return EXIT_FAILED;
	if (print(d, e) != 0)
		return EXIT_FAILED;
	return d->exit_code && !compare_same(&d->changes.comparison) ? EXIT_DIFFERENT
								     : EXIT_DONE;
}

int cmd_diff(int argc, char **argv, char **envp)
{
	struct diffing d = { .gather = { .command = "diff", .envp = envp } };
	struct login login = { 0 };
	const struct option rows[] = {
		{ "platform", 0, OPTION_TEXT, &d.platform, "LIST",
		  "linux/arm64, of both images; or two, linux/amd64,linux/arm64: A's and "
		  "B's. The default is this machine's." },
		{ "json", 0, OPTION_FLAG, &d.json, NULL, "Print JSON: one object." },
		{ "markdown", 0, OPTION_FLAG, &d.markdown, NULL,
		  "Print Markdown, for a pull request." },
		{ "exit-code", 0, OPTION_FLAG, &d.exit_code, NULL,
		  "End with 2 if anything differs." },
		{ "offline", 0, OPTION_FLAG, &d.offline, NULL,
		  "Only what is in the store; fetch nothing." },
		{ "quiet", 'q', OPTION_FLAG, &d.gather.quiet, NULL, "No progress." },
		LOGIN_OPTIONS(&login),
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "diff",
		.operands = "A B",
		.about = about,
		.done = "compared; with --exit-code, nothing differs",
		.failed = "one of them could not be had, or not be read",
		.partly = "with --exit-code: something differs",
		.has_settings = true,
		.login = &login,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status, i;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		d.gather.settings = s;
		d.gather.quiet = d.gather.quiet || !isatty(STDERR_FILENO);
		gather_log(&d.gather);
		signal(SIGPIPE, SIG_IGN);
		status = diff(&d, &o, &e);
		if (e.msg[0] != '\0' &&
		    (status == EXIT_FAILED || status == EXIT_WRONG_USE))
			fprintf(stderr, "larder diff: %s\n", e.msg);
	}
	if (d.found)
		changes_done(&d.changes);
	for (i = 0; i < 2; i++)
		imageargs_done(&d.one[i].args);
	options_done(&o);
	return status;
}
