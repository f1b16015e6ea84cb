/*
 * cmd_scan.c - `larder scan`: its command line, and the order of its work.
 */
#include "app/cmd_scan.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/scan.h"
#include "app/scan_data.h"
#include "app/scan_find.h"
#include "app/scan_newer.h"
#include "app/scan_output.h"
#include "app/scan_report.h"
#include "app/scan_sbom.h"
#include "app/scan_with.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "trust/vuln_merge.h"
#include "upstream/upstream.h"

#define LIMIT_S 600

static const char about[] =
	"Says which known vulnerabilities the packages of images have, how bad each is, "
	"in "
	"which version it is fixed, and whether the digest that the tag has at its "
	"upstream now is without it. Images are those that are named, a list, or "
	"larder.images, or base-images.txt in this directory; what is not in the store "
	"is "
	"pulled.\n"
	"Compared is with data that others publish, from larder.vulnerabilities or "
	"--data: "
	"OSV's all.zip files, Alpine's secdb, the JSON of Debian's security tracker. No "
	"image and no list of packages leaves this machine. docs/scan.md says where data "
	"come from.\n"
	"With --sbom it writes a bill of materials instead; with --with it has Trivy or "
	"Grype look, and ends with their exit status.";

static int fail(const struct err *e)
{
	fprintf(stderr, "larder scan: %s\n", e->msg);
	return e->kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}

static int read_severity(const char *option, const char *text, enum vuln_severity *out,
			 struct err *e)
{
	if (text == NULL || vuln_severity_parse(view_of(text), out))
		return 0;
	return err_set(e, ERR_INVALID,
		       "%s: \"%.40s\" is none of unknown, negligible, low, medium, high, "
		       "critical",
		       option, text);
}

static int one_of(const char *option, const char *text, const char *a, const char *b,
		  struct err *e)
{
	if (text == NULL || strcmp(text, a) == 0 || strcmp(text, b) == 0)
		return 0;
	return err_set(e, ERR_INVALID, "%s: \"%.40s\" is neither %s nor %s", option, text,
		       a, b);
}

static int check(struct scan *s, const struct options *o,
		 const struct option_values *args, struct err *e)
{
	if (one_of("--with", s->with, "trivy", "grype", e) != 0 ||
	    one_of("--from", s->from, "layers", "attestation", e) != 0)
		return -1;
	if (s->sbom != NULL && s->with != NULL)
		return err_set(e, ERR_INVALID, "--sbom and --with: one of them");
	if (s->sarif && (s->json || s->sbom != NULL || s->with != NULL))
		return err_set(e, ERR_INVALID, "--sarif and %s: one of them",
			       s->json		 ? "--json"
			       : s->sbom != NULL ? "--sbom"
						 : "--with");
	if (s->from != NULL && s->sbom == NULL)
		return err_set(e, ERR_INVALID, "--from is for --sbom");
	if (s->output != NULL && s->sbom == NULL && !s->sarif)
		return err_set(e, ERR_INVALID, "--output is for --sarif and --sbom");
	if (s->with == NULL && args->n > 0)
		return err_set(e, ERR_INVALID, "--with-arg is for --with");
	if (s->all && o->n_operands + s->files.n > 0)
		return err_set(e, ERR_INVALID,
			       "--all is every image: name some, or say --all");
	if (s->offline && s->fetch_newer)
		return err_set(e, ERR_INVALID, "--newer cannot be had --offline");
	return scan_output_check(s, e);
}

static int read_excepts(struct scan *s, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(VULN_EXCEPT_MAX_BYTES);

	if (s->except == NULL)
		return 0;
	if (fs_read(AT_FDCWD, s->except, &text, e) != 0 ||
	    vuln_except_read(buf_view(&text), clock_wall_ms(), &s->excepts, e) != 0)
		return err_add(e, "--except %.200s", s->except);
	return 0;
}

static int open_parts(struct scan *s, struct err *e)
{
	s->g.command = "scan";
	s->g.settings = s->settings;
	s->g.envp = s->envp;
	gather_log(&s->g);
	if (!s->offline) {
		if (gather_open(&s->g, e) != 0)
			return -1;
		s->store = s->g.store;
		s->plan = s->g.plan;
		return 0;
	}
	if (upstream_global_init(e) != 0 ||
	    store_look(s->settings->root, &s->store, e) != 0)
		return -1;
	s->plan = wire_store_plan(s->settings, s->store, e);
	return s->plan != NULL ? 0 : -1;
}

static void close_parts(struct scan *s)
{
	scan_targets_done(s);
	vuln_free(s->vuln);
	vuln_data_done(&s->found);
	vuln_excepts_done(&s->excepts);
	imageargs_done(&s->args);
	if (s->store != s->g.store) {
		plan_unref(s->plan);
		store_close(s->store);
	}
	gather_close(&s->g);
}

static bool any_left(const struct scan *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!s->target[i].failed)
			return true;
	return false;
}

static int look_up(struct scan *s, struct err *e)
{
	size_t i;

	s->vuln = vuln_new();
	if (scan_read(s, e) != 0)
		return -1;
	/* Of images that cannot be had nothing is to be looked up. */
	if (any_left(s) && (scan_newer(s, e) != 0 || scan_data(s, e) != 0))
		return -1;
	if (vuln_finish(s->vuln, e) != 0)
		return -1;
	for (i = 0; i < s->n; i++)
		if (!s->target[i].failed)
			vuln_except_mark(&s->excepts,
					 vuln_image(s->vuln, s->target[i].vuln));
	return 0;
}

static int run(struct scan *s, const struct options *o, const struct option_values *args)
{
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	if (check(s, o, args, &e) != 0 || read_excepts(s, &e) != 0 ||
	    open_parts(s, &e) != 0 || scan_find(s, o->operand, o->n_operands, &e) != 0)
		return fail(&e);
	if (s->g.interrupted)
		return EXIT_FAILED;
	if (s->sbom != NULL)
		return scan_sbom(s, &e) == 0 ? EXIT_DONE : fail(&e);
	if (s->with != NULL)
		return scan_with(s, (char **)args->v, args->n);
	if (look_up(s, &e) != 0)
		return fail(&e);
	if (s->g.interrupted)
		return EXIT_FAILED;
	if (scan_report(s, &e) != 0)
		return fail(&e);
	return (int)scan_status(s);
}

int cmd_scan(int argc, char **argv, char **envp)
{
	struct scan s = { .envp = envp, .limit_s = LIMIT_S };
	struct option_values args = { .n = 0 };
	const char *least = NULL, *fail_on = NULL;
	const struct option rows[] = {
		{ "file", 'f', OPTION_MANY, &s.files, "FILE",
		  "A list of images, one a line; may be said several times. - is "
		  "standard input." },
		{ "all", 'a', OPTION_FLAG, &s.all, NULL, "Every tag in the store." },
		{ "platform", 0, OPTION_TEXT, &s.platform, "LIST",
		  "For images without platforms of their own. The default is this "
		  "machine's." },
		{ "data", 0, OPTION_TEXT, &s.data, "PLACE",
		  "A folder with data, or oci:NAME:TAG; the default is "
		  "larder.vulnerabilities." },
		{ "severity", 0, OPTION_TEXT, &least, "LEVEL",
		  "Show what is at least so bad: negligible, low, medium, high or "
		  "critical." },
		{ "fixable", 0, OPTION_FLAG, &s.fixable, NULL,
		  "Only what a newer version of the package has no more." },
		{ "fail-on", 0, OPTION_TEXT, &fail_on, "LEVEL",
		  "Exit status 1 if anything is at least so bad; unknown: if there is "
		  "anything." },
		{ "except", 0, OPTION_TEXT, &s.except, "FILE",
		  "What does not count: ID [PACKAGE] YYYY-MM-DD REASON, one a line." },
		{ "newer", 0, OPTION_FLAG, &s.fetch_newer, NULL,
		  "Where a tag has moved at its upstream, fetch the newer image and look "
		  "into it, too." },
		{ "offline", 0, OPTION_FLAG, &s.offline, NULL,
		  "Pull nothing and ask no upstream." },
		{ "sbom", 0, OPTION_TEXT, &s.sbom, "spdx|cyclonedx",
		  "Write a bill of materials of one image: the one that it carries, or "
		  "one made from its layers." },
		{ "from", 0, OPTION_TEXT, &s.from, "layers|attestation",
		  "With --sbom: this one and no other." },
		{ "output", 'o', OPTION_TEXT, &s.output, "FILE",
		  "With --sarif and --sbom: where to. The default is standard output." },
		{ "with", 0, OPTION_TEXT, &s.with, "trivy|grype",
		  "Have this scanner look, which must be installed. Its exit status is "
		  "passed on." },
		{ "with-arg", 0, OPTION_MANY, &args, "ARG",
		  "An argument for it; may be said several times." },
		{ "timeout", 0, OPTION_COUNT, &s.limit_s, "SECONDS",
		  "How long it may take for one image (default 600).", 1, 86400 },
		{ "quiet", 'q', OPTION_FLAG, &s.quiet, NULL, "No progress." },
		{ "json", 0, OPTION_FLAG, &s.json, NULL,
		  "Print JSON: an object a line for each image, and one for all." },
		{ "sarif", 0, OPTION_FLAG, &s.sarif, NULL,
		  "Write one SARIF log instead, for GitHub's code scanning, GitLab and "
		  "editors." },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "scan",
		.operands = "[IMAGE...]",
		.about = about,
		.done = "all images were looked into, and nothing is as bad as --fail-on",
		.failed = "something is, or nothing could be looked into",
		.partly =
			"nothing is, as far as is known: some images, or some of what "
			"is in them, could not be looked into or there are no data of it",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *settings = NULL;
	struct err e;
	int status;

	if (options_begin(&o, argc, argv, envp, &settings, &status)) {
		s.settings = settings;
		s.has_fail_on = fail_on != NULL;
		if (read_severity("--severity", least, &s.least, &e) != 0 ||
		    read_severity("--fail-on", fail_on, &s.fail_on, &e) != 0)
			status = fail(&e);
		else
			status = run(&s, &o, &args);
		close_parts(&s);
	}
	options_done(&o);
	return status;
}
