/*
 * cmd_export.c - `larder export`: images of the store to a folder or an archive.
 */
#include "app/cmd_export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/carry.h"
#include "app/carry_report.h"
#include "app/export_images.h"
#include "app/here.h"
#include "app/imageargs.h"
#include "app/options.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "upstream/upstream.h"

#define PATH_BYTES 4096

struct exporting {
	/* the command line */
	const struct settings *settings;
	char **envp;
	const char *output, *platform, *format, *name;
	struct option_values files, since;
	bool all, referrers, prune, dry_run, json, quiet;
	/* the work */
	struct carry carry;
	struct store *store;
	struct plan *plan;
	struct imageargs args;
	struct export_images images;
	bool to_dir, docker;
	struct platform platforms[IMAGELIST_MAX_PLATFORMS];
	size_t nplatforms;
	struct carried *bundle; /* --since */
	struct bundle **since_list;
	size_t nsince;
};

static const char about[] =
	"Writes images of the store to a folder, or into a tar, to be carried where no "
	"network leads: larder import takes it there. Digests stay the same. The folder "
	"is "
	"an OCI layout; what it has already is not written again, so a folder that comes "
	"back month after month gets what is new. The tar is one, too, and docker load "
	"and "
	"podman load read it.\n"
	"With --since, an archive leaves out the layers that another one has, or that it "
	"left out itself; only larder import can read it, where that other was imported "
	"before.\n"
	"Images must be in the store: larder pull brings them.";

/* --- what is wanted --- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

static int check_output(struct exporting *x, struct err *e)
{
	static const char *const packed[] = { ".tar.gz", ".tgz", ".tar.zst",
					      ".tar.xz", ".gz",	 ".zst" };
	struct stat st;
	bool there;
	size_t i;

	if (x->output == NULL)
		return err_set(e, ERR_INVALID,
			       "where to? Say --output FOLDER, FILE.tar, or - for "
			       "standard output");
	there = strcmp(x->output, "-") != 0 && stat(x->output, &st) == 0;
	for (i = 0; i < ARRAY_LEN(packed); i++)
		if (ends_with(x->output, packed[i]) && !(there && S_ISDIR(st.st_mode)))
			return err_set(e, ERR_INVALID,
				       "--output %.200s: layers are compressed already; "
				       "name it .tar",
				       x->output);
	x->to_dir = strcmp(x->output, "-") != 0 &&
		    (there ? S_ISDIR(st.st_mode) : !ends_with(x->output, ".tar"));
	if (there && !S_ISDIR(st.st_mode) &&
	    (!S_ISREG(st.st_mode) || !ends_with(x->output, ".tar")))
		return err_set(e, ERR_INVALID,
			       "--output %.200s: it is there, and neither a folder nor a "
			       ".tar; - writes to standard output",
			       x->output);
	if (x->to_dir && x->docker)
		return err_set(e, ERR_INVALID,
			       "--format docker is for archives: name a FILE.tar");
	if (x->prune && !x->to_dir)
		return err_set(e, ERR_INVALID, "--prune is for folders");
	if (x->prune && x->dry_run)
		return err_set(
			e, ERR_INVALID,
			"--prune goes by what has been written: not with --dry-run");
	if (strcmp(x->output, "-") == 0 && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "an archive is nothing for a terminal");
	return 0;
}

static int check_wishes(struct exporting *x, const struct options *o, struct err *e)
{
	size_t i;

	x->docker = x->format != NULL && strcmp(x->format, "docker") == 0;
	if (check_output(x, e) != 0)
		return -1;
	if (x->format != NULL && strcmp(x->format, "oci") != 0 && !x->docker)
		return err_set(e, ERR_INVALID,
			       "--format: \"%.40s\" is none of oci, docker", x->format);
	if (x->platform != NULL && strcmp(x->platform, "all") != 0 &&
	    imagelist_platforms(view_of(x->platform), x->platforms, &x->nplatforms, e) !=
		    0)
		return err_add(e, "--platform");
	for (i = 0; i < x->since.n; i++)
		if (strcmp(x->since.v[i], x->output) == 0)
			return err_set(e, ERR_INVALID,
				       x->to_dir ? "--since: what the folder has is left "
						   "out anyway"
						 : "--since: the archive would be "
						   "replaced by what it lacks; write "
						   "to another file");
	if (x->all + (o->n_operands + x->files.n > 0) != 1)
		return err_set(e, ERR_INVALID,
			       "name images, a list with --file FILE, or --all");
	return 0;
}

/* --- writing --- */

static int to_folder(struct exporting *x, struct export *out, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = -1;

	if (fs_mkdirs(AT_FDCWD, x->output, true, e) != 0)
		return -1;
	fd = fs_open_dir(AT_FDCWD, x->output, e);
	return fd >= 0 ? export_dir_write(out, fd, e) : -1;
}

/* A file gets its name when it is whole. */
static int to_file(struct exporting *x, struct export *out, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = -1;
	char folder[PATH_BYTES], temp[PATH_BYTES];
	const char *slash = strrchr(x->output, '/');

	if (strcmp(x->output, "-") == 0)
		return export_to_tar(out, STDOUT_FILENO, e);
	if (fs_mkparents(AT_FDCWD, x->output, true, e) != 0)
		return -1;
	snprintf(folder, sizeof(folder), "%.*s",
		 slash == NULL ? 1 : (int)(slash - x->output) + (slash == x->output),
		 slash == NULL ? "." : x->output);
	fd = fs_temp(AT_FDCWD, folder, temp, sizeof(temp), e);
	if (fd < 0)
		return -1;
	if (export_to_tar(out, fd, e) == 0 && fs_sync(fd, e) == 0 &&
	    fs_place(AT_FDCWD, temp, x->output, FS_REPLACE, true, e) == 0)
		return 0;
	fs_unlink(AT_FDCWD, temp, NULL);
	return -1;
}

static int open_since(struct exporting *x, struct err *e)
{
	x->bundle = mem_alloc((x->since.n + 1) * sizeof(*x->bundle));
	x->since_list = mem_alloc((x->since.n + 1) * sizeof(struct bundle *));
	for (; x->nsince < x->since.n; x->nsince++) {
		if (carry_open(&x->carry, x->since.v[x->nsince], NULL,
			       &x->bundle[x->nsince], e) != 0)
			return err_add(e, "--since");
		x->since_list[x->nsince] = x->bundle[x->nsince].bundle;
	}
	return 0;
}

static size_t count_failed(const struct exporting *x)
{
	size_t i, n = 0;

	for (i = 0; i < x->images.n; i++)
		n += x->images.image[i].failed;
	return n;
}

static enum exit_status report(const struct exporting *x, const struct export_job *job,
			       int64_t took_ms)
{
	struct carry_report r = { strcmp(x->output, "-") == 0 ? stderr : stdout, x->json,
				  5 };
	struct carry_sum sum = {
		.images = x->images.n,
		.failed = count_failed(x),
		.bytes = job->bytes,
		.blobs = job->blobs + job->manifests,
		.spared_bytes = job->spared_bytes,
		.spared_blobs = job->spared,
		.about = job->about,
		.gone_blobs = job->gone,
		.gone_bytes = job->gone_bytes,
		.took_ms = took_ms,
		.dry_run = x->dry_run,
		.what = "written",
		.output = x->output,
	};
	size_t i;

	for (i = 0; i < x->images.n; i++)
		carry_report_fit(&r, x->images.shown[i]);
	carry_report_head(&r);
	for (i = 0; i < x->images.n; i++) {
		const struct export_image *im = &x->images.image[i];
		struct carry_row row = {
			.image = x->images.shown[i],
			.result = im->failed   ? "failed"
				  : x->dry_run ? "would"
					       : "exported",
			.digest = im->failed ? NULL : &im->root,
			.bytes = im->bytes,
			.carried = im->carried,
			.listed = im->listed,
			.error = im->failed ? im->why.msg : NULL,
		};

		carry_report_row(&r, &row);
	}
	carry_report_sum(&r, &sum);
	return carry_report_status(&sum);
}

static enum exit_status fail(const struct err *e)
{
	fprintf(stderr, "larder export: %s\n", e->msg);
	return e->kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}

static int prepare(struct exporting *x, const struct options *o, struct err *e)
{
	if (check_wishes(x, o, e) != 0 ||
	    imageargs_read(&x->args, o->operand, o->n_operands, &x->files, x->envp, e) !=
		    0 ||
	    upstream_global_init(e) != 0 ||
	    store_look(x->settings->root, &x->store, e) != 0)
		return -1;
	x->plan = wire_store_plan(x->settings, x->store, e);
	if (x->plan == NULL)
		return -1;
	x->images = (struct export_images){
		.store = x->store,
		.plan = x->plan,
		.docker = x->docker,
		.is_open = x->platform == NULL,
		.platform = x->platforms,
		.nplatforms = x->nplatforms,
		.rename = x->name,
	};
	if (export_images_find(&x->images, x->all ? NULL : &x->args, e) != 0)
		return -1;
	return open_since(x, e);
}

static enum exit_status run(struct exporting *x, const struct options *o)
{
	struct export_job job = { .referrers = x->referrers, .prune = x->prune };
	int64_t began_ms = clock_mono_ms();
	struct export *plan;
	struct err e = { 0 };
	int rc = 0;

	if (prepare(x, o, &e) != 0)
		return fail(&e);
	job.store = x->store;
	job.image = x->images.image;
	job.n = x->images.n;
	job.docker = x->docker;
	here_platform(&job.here);
	job.since = x->since_list;
	job.nsince = x->nsince;
	job.watch = &x->carry.watch;
	plan = export_plan(&job, &e);
	if (plan == NULL)
		return fail(&e);
	x->carry.verb = "written";
	if (!x->dry_run && count_failed(x) < x->images.n)
		rc = x->to_dir ? to_folder(x, plan, &e) : to_file(x, plan, &e);
	export_plan_free(plan);
	carry_done(&x->carry);
	if (rc != 0) {
		fprintf(stderr, "larder export: %.200s: %s\n", x->output, e.msg);
		return EXIT_FAILED;
	}
	return report(x, &job, clock_mono_ms() - began_ms);
}

static void clean_up(struct exporting *x)
{
	size_t i;

	carry_done(&x->carry);
	for (i = 0; i < x->nsince; i++)
		carry_close(&x->bundle[i]);
	free(x->bundle);
	free(x->since_list);
	export_images_done(&x->images);
	imageargs_done(&x->args);
	plan_unref(x->plan);
	store_close(x->store);
	upstream_global_done();
}

int cmd_export(int argc, char **argv, char **envp)
{
	struct exporting x = { .envp = envp };
	const struct option rows[] = {
		{ "file", 'f', OPTION_MANY, &x.files, "FILE",
		  "A list of images, one a line; may be said several times. - is "
		  "standard "
		  "input." },
		{ "all", 'a', OPTION_FLAG, &x.all, NULL, "Every tag in the store." },
		{ "output", 'o', OPTION_TEXT, &x.output, "FILE",
		  "Where to: a folder, a file that ends in .tar, or - for standard "
		  "output." },
		{ "platform", 0, OPTION_TEXT, &x.platform, "LIST",
		  "For images without platforms of their own: linux/amd64,linux/arm64, "
		  "or "
		  "all. The default is what the store has of each." },
		{ "format", 0, OPTION_TEXT, &x.format, "oci|docker",
		  "docker: one platform of each image (the first of --platform, or this "
		  "machine's), for engines that want no more. The default is oci." },
		{ "since", 0, OPTION_MANY, &x.since, "FILE",
		  "A folder or archive that the other side has imported; may be said "
		  "several "
		  "times. Its layers, and those that it left out itself, are left out." },
		{ "with-referrers", 0, OPTION_FLAG, &x.referrers, NULL,
		  "Signatures, SBOMs and the like go along, as far as the store has "
		  "them." },
		{ "prune", 0, OPTION_FLAG, &x.prune, NULL,
		  "Of a folder: afterwards remove the content that no image of its list "
		  "needs any more." },
		{ "name", 0, OPTION_TEXT, &x.name, "NAME:TAG",
		  "What the image is to be called there, of one image." },
		{ "dry-run", 'n', OPTION_FLAG, &x.dry_run, NULL,
		  "Only say what would be written." },
		{ "quiet", 'q', OPTION_FLAG, &x.quiet, NULL, "No progress." },
		{ "json", 0, OPTION_FLAG, &x.json, NULL,
		  "Print JSON: an object a line for each image, and one for all." },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "export",
		.operands = "[IMAGE...]",
		.about = about,
		.done = "all are written",
		.failed = "none is, or it could not be written to its end",
		.partly = "some are",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		lowly_after(); /* and all threads after it */
		log_setup(LOG_ERROR, LOG_TEXT);
		carry_init(&x.carry, "export", x.quiet, envp);
		x.settings = s;
		status = (int)run(&x, &o);
		clean_up(&x);
	}
	options_done(&o);
	return status;
}
