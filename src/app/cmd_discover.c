/*
 * cmd_discover.c - `larder discover`: the images that a source tree names.
 */
#include "app/cmd_discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/discover_show.h"
#include "app/here.h"
#include "app/options.h"
#include "settings/setting_env.h"
#include "base/mem.h"
#include "discover/discover.h"
#include "oci/imagelist.h"

static const char about[] =
	"Lists the base images that a source tree names, with file and line: "
	"Dockerfiles, "
	"compose files, Kubernetes manifests, Helm charts, Tekton, GitHub Actions, "
	"GitLab "
	"CI, devcontainers, Skaffold, kaniko's arguments and image lists. What it prints "
	"is "
	"an image list itself: `larder discover . | larder pull --file -`. What cannot "
	"be "
	"resolved is listed with why. Without PATH, it is this directory.";

struct wish {
	const struct options *o;
	struct option_values build_args;
	const char *platforms;
	bool table, json;
	char **envp;
};

static const char *variable(void *arg, const char *name)
{
	const struct wish *w = arg;

	return setting_env_get(w->envp, name);
}

/* A NAME alone has the environment's value, as for `docker build`. To be freed. */
static char *build_arg(struct wish *w, const char *text)
{
	const char *value;

	if (strchr(text, '=') != NULL)
		return mem_dup(text);
	value = variable(w, text);
	return value != NULL ? mem_fmt("%s=%s", text, value) : NULL;
}

/* Exit status; *l is filled. */
static int look(struct wish *w, struct discover *d, struct finds *l, struct err *e)
{
	struct platform target[IMAGELIST_MAX_PLATFORMS];
	char *args[OPTION_MAX_VALUES];
	size_t i;
	int rc;

	if (w->platforms != NULL &&
	    imagelist_platforms(view_of(w->platforms), target, &d->ntargets, e) != 0) {
		err_add(e, "--platform");
		return EXIT_WRONG_USE;
	}
	d->target = target;
	for (i = 0; i < w->build_args.n; i++) {
		args[d->nbuild_args] = build_arg(w, w->build_args.v[i]);
		if (args[d->nbuild_args] != NULL)
			d->nbuild_args++;
	}
	d->build_arg = (const char *const *)args;
	rc = discover_paths(d, l, e);
	for (i = 0; i < d->nbuild_args; i++)
		free(args[i]);
	return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void count(const struct finds *l, size_t *places, size_t *unresolved)
{
	size_t i;

	*places = *unresolved = 0;
	for (i = 0; i < l->n; i++)
		if (l->v[i]->image[0] != '\0')
			++*places;
		else
			++*unresolved;
}

static int discover(struct wish *w, struct err *e)
{
	static char here[] = ".";
	char *dot[] = { here };
	struct discover d = {
		.path = w->o->n_operands > 0 ? w->o->operand : dot,
		.npaths = w->o->n_operands > 0 ? w->o->n_operands : 1,
		.variable = variable,
		.arg = w,
	};
	CLEANUP(finds_done)
	struct finds l = { 0 };
	size_t places, unresolved;
	int status;

	here_platform(&d.here);
	status = look(w, &d, &l, e);
	if (status != EXIT_DONE)
		return status;
	count(&l, &places, &unresolved);
	if (w->json)
		discover_show_json(&l, stdout);
	else if (w->table)
		discover_show_table(&l, stdout);
	else
		discover_show_list(&l, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		err_errno(e, "cannot write");
		return EXIT_FAILED;
	}
	if (!w->json && !w->table && unresolved > 0) {
		fprintf(stderr, "larder discover: not resolved:\n");
		discover_show_unresolved(&l, stderr);
	}
	if (!w->json && l.n == 0)
		fprintf(stderr,
			"larder discover: no images are named here (%zu files that may "
			"name some were read)\n",
			d.files);
	return unresolved > 0 ? EXIT_PARTLY : EXIT_DONE;
}

int cmd_discover(int argc, char **argv, char **envp)
{
	struct wish w = { .envp = envp };
	const struct option row[] = {
		{ "build-arg", 0, OPTION_MANY, &w.build_args, "NAME=VALUE",
		  "A value for an ARG of Dockerfiles, as in docker build; NAME alone has "
		  "the environment's." },
		{ "platform", 0, OPTION_TEXT, &w.platforms, "LIST",
		  "What is built for: linux/amd64,linux/arm64. Gives TARGETPLATFORM and "
		  "its parts their values." },
		{ "table", 't', OPTION_FLAG, &w.table, NULL,
		  "A line for each place, in the order of files." },
		{ "json", 0, OPTION_FLAG, &w.json, NULL,
		  "Print JSON: an object a line for each place." },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "discover",
		.operands = "[PATH...]",
		.about = about,
		.done = "looked through, and all that was found has a value",
		.failed = "a PATH cannot be read, or a limit is met",
		.partly =
			"some of what was found cannot be resolved, and was listed with "
			"why",
	};
	struct settings *none = NULL;
	struct err e = { 0 };
	int status;

	w.o = &o;
	if (options_begin(&o, argc, argv, envp, &none, &status)) {
		status = discover(&w, &e);
		if (e.kind != ERR_NONE)
			fprintf(stderr, "larder discover: %s\n", e.msg);
	}
	options_done(&o);
	return status;
}
