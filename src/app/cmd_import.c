/*
 * cmd_import.c - `larder import`: images from a folder, an archive or another store.
 */
#include "app/cmd_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/carry.h"
#include "app/carry_report.h"
#include "app/options.h"
#include "app/sized.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "carry/import.h"
#include "oci/pattern.h"
#include "store/list.h"
#include "upstream/upstream.h"

struct importing {
	const struct settings *settings;
	const struct options *o;
	const char *from_root, *name;
	bool dry_run, json, quiet;
	struct carry carry;
	struct store *store, *other;
	struct plan *plan;
	struct mirror *mirror;
	struct sized *sized; /* NULL: there is no size to keep to */
	char **envp;
	struct carried carried;
	struct bundle *from;
	bool is_reading; /* the command line is right; what it names may not be */
};

static const char about[] =
	"Brings images into the store: from a folder or a tar (plain, gzip or zstd) that "
	"is "
	"an OCI layout, as larder export and skopeo make them, or from an archive of "
	"docker "
	"save or podman save. The store may be that of a running larder. Clients then "
	"pull "
	"by the same names and digests, with or without a network; images of mirrored "
	"names are marked stale until their upstream has been asked.\n"
	"All content is compared with its digest. What the store has already is not "
	"brought again, and an import that was cut short goes on where it was. Of an "
	"index "
	"that was exported for some platforms, those are there.\n"
	"docker save before version 25 keeps no manifests: they are made, and have "
	"digests "
	"of their own.\n"
	"With --from-root, FILE is a pattern over names in that store, like 'library/*' "
	"or "
	"'team/app:v1*'; without one, all tags are brought.";

static int check_wishes(const struct importing *x, struct err *e)
{
	const struct options *o = x->o;
	size_t i;

	if (x->from_root == NULL && o->n_operands != 1)
		return err_set(e, ERR_INVALID,
			       "name one folder or archive (- is standard input), or "
			       "another store with --from-root FOLDER");
	if (x->from_root != NULL && x->name != NULL)
		return err_set(e, ERR_INVALID, "--name is not for another store");
	for (i = 0; x->from_root != NULL && i < o->n_operands; i++)
		if (pattern_check(o->operand[i], e) != 0)
			return err_add(e, "pattern \"%.100s\"", o->operand[i]);
	return 0;
}

static bool want(void *arg, const char *repo, const char *tag)
{
	const struct importing *x = arg;
	size_t i;

	for (i = 0; i < x->o->n_operands; i++)
		if (pattern_match_tag(x->o->operand[i], NULL, repo, tag))
			return true;
	return x->o->n_operands == 0;
}

/* A store that has something, and was never a mirror's, is a local registry's. Of an
 * empty one nobody knows: names are then what people mean by them elsewhere. */
static struct plan *make_plan(const struct importing *x, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	bool more;

	if (list_repositories(x->store, "", 1, &names, &more, e) != 0)
		return NULL;
	return names.n > 0 ? wire_store_plan(x->settings, x->store, e)
			   : wire_plan(x->settings, e);
}

/* Older images give way, as to a pull. */
static void make_room(struct importing *x)
{
	if (x->dry_run)
		return;
	x->mirror = mirror_new(x->store, plan_ref(x->plan), x->settings->flights);
	x->sized = sized_start_command(x->store, x->mirror, x->settings, x->envp);
}

static int open_all(struct importing *x, struct err *e)
{
	if (check_wishes(x, e) != 0 || upstream_global_init(e) != 0)
		return -1;
	/* Before a new store is made for nothing. */
	if (x->from_root != NULL && store_look(x->from_root, &x->other, e) != 0)
		return -1;
	if (store_open(x->settings->root, &x->store, e) != 0)
		return -1;
	x->plan = make_plan(x, e);
	if (x->plan == NULL)
		return -1;
	make_room(x);
	x->is_reading = true;
	if (x->from_root != NULL)
		return bundle_open_store(x->other, want, x, &x->from, e);
	if (carry_open(&x->carry, x->o->operand[0], x->store, &x->carried, e) != 0)
		return -1;
	x->from = x->carried.bundle;
	return 0;
}

static size_t count_failed(const struct import_job *job)
{
	size_t i, n = 0;

	for (i = 0; i < job->n; i++)
		n += job->image[i].result == IMPORT_FAILED;
	return n;
}

static const char *result_word(const struct importing *x, const struct import_image *im)
{
	return import_result_word(
		x->dry_run && im->result == IMPORT_NONE ? import_expect(im) : im->result);
}

static void report_row(const struct importing *x, const struct carry_report *r,
		       const struct import_image *im)
{
	bool failed = im->result == IMPORT_FAILED;
	struct carry_row row = {
		.image = im->shown,
		.result = result_word(x, im),
		.digest = &im->digest,
		.before = im->had && !digest_equal(&im->before, &im->digest) ? &im->before
									     : NULL,
		.bytes = im->bytes,
		.carried = im->carried,
		.listed = im->listed,
		.made = im->from->is_made && !failed,
		.error = failed ? im->why.msg : NULL,
	};

	carry_report_row(r, &row);
}

static enum exit_status report(const struct importing *x, const struct import_job *job,
			       int64_t took_ms)
{
	struct carry_report r = { stdout, x->json, 5 };
	struct carry_sum sum = {
		.images = job->n,
		.failed = count_failed(job),
		.bytes = x->dry_run ? job->bytes : job->done_bytes,
		.blobs = job->blobs,
		.took_ms = took_ms,
		.dry_run = x->dry_run,
		.what = "brought",
	};
	size_t i;

	for (i = 0; i < job->n; i++) {
		sum.about += job->image[i].is_about;
		carry_report_fit(&r, job->image[i].shown);
	}
	carry_report_head(&r);
	for (i = 0; i < job->n; i++)
		report_row(x, &r, &job->image[i]);
	carry_report_sum(&r, &sum);
	return carry_report_status(&sum);
}

static enum exit_status fail(const struct importing *x, const struct err *e)
{
	fprintf(stderr, "larder import: %s\n", e->msg);
	return e->kind == ERR_INVALID && !x->is_reading ? EXIT_WRONG_USE : EXIT_FAILED;
}

static enum exit_status run(struct importing *x)
{
	struct import_job job = { .rename = x->name, .watch = &x->carry.watch };
	int64_t began_ms = clock_mono_ms();
	enum exit_status status;
	struct import *plan;
	struct err e = { 0 };

	if (open_all(x, &e) != 0)
		return fail(x, &e);
	job.store = x->store;
	job.plan = x->plan;
	job.from = x->from;
	x->is_reading = false;
	plan = import_plan(&job, &e);
	if (plan == NULL)
		return fail(x, &e);
	x->carry.verb = "brought";
	if (!x->dry_run && import_run(plan, &e) != 0)
		fprintf(stderr, "larder import: %s%s\n", e.msg,
			carry_interrupted() ? "; what has come is kept, and the next run "
					      "goes on with it"
					    : "");
	carry_done(&x->carry);
	status = report(x, &job, clock_mono_ms() - began_ms);
	import_plan_free(plan);
	return status;
}

static void clean_up(struct importing *x)
{
	carry_done(&x->carry);
	if (x->from_root != NULL)
		bundle_close(x->from);
	carry_close(&x->carried);
	sized_stop(x->sized);
	mirror_stop(x->mirror);
	plan_unref(x->plan);
	store_close(x->other);
	store_close(x->store);
	upstream_global_done();
}

int cmd_import(int argc, char **argv, char **envp)
{
	struct importing x = { .carried = { .fd = -1 }, .envp = envp };
	const struct option rows[] = {
		{ "name", 0, OPTION_TEXT, &x.name, "NAME[:TAG]",
		  "What the image is to be called here: the only one there is, or those "
		  "that have no name, or no more than a tag." },
		{ "from-root", 0, OPTION_TEXT, &x.from_root, "PATH",
		  "Another store, or a volume of registry:2, instead of a file; names "
		  "stay "
		  "the same." },
		{ "dry-run", 'n', OPTION_FLAG, &x.dry_run, NULL,
		  "Only say what would be brought." },
		{ "quiet", 'q', OPTION_FLAG, &x.quiet, NULL, "No progress." },
		{ "json", 0, OPTION_FLAG, &x.json, NULL,
		  "Print JSON: an object a line for each image, and one for all." },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "import",
		.operands = "[FILE...]",
		.about = about,
		.done = "all are here",
		.failed = "none is, or the archive cannot be read",
		.partly = "some are",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		log_setup(LOG_ERROR, LOG_TEXT);
		carry_init(&x.carry, "import", x.quiet, envp);
		x.settings = s;
		x.o = &o;
		status = (int)run(&x);
		clean_up(&x);
	}
	options_done(&o);
	return status;
}
