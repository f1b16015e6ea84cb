/*
 * discover.c - from paths to finds: the files first, then what they name, Dockerfiles
 * last because the others say what is built from them and how.
 */
#include "discover/discover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "discover/charts.h"
#include "discover/dockers.h"
#include "discover/paths.h"
#include "discover/reader.h"
#include "discover/run.h"
#include "discover/tree.h"
#include "oci/imageref.h"

struct root {
	struct run *run;
	char *dir;
};

static int take_file(void *arg, const char *path, struct err *e)
{
	struct root *root = arg;
	enum kind kind = kind_of(path);

	/* Helpers of charts have names of their own. */
	if (kind == KIND_NONE && strstr(path, "templates/") != NULL &&
	    kind_in_chart(strstr(path, "templates/")) == KIND_TEMPLATE)
		kind = KIND_TEMPLATE;
	if (kind == KIND_NONE)
		return 0;
	return run_add(root->run, path, root->dir, kind, e) != NULL ? 0 : -1;
}

static int take_refusal(void *arg, const char *path, const struct err *why, struct err *e)
{
	struct root *root = arg;

	return run_refuse(root->run, path, why->msg, e);
}

static int collect(struct root *root, const char *given, struct err *e)
{
	struct run *run = root->run;
	CLEANUP(mem_freep)
	char *path = paths_join(NULL, given);
	struct tree t = {
		.file = take_file,
		.refused = take_refusal,
		.arg = root,
		.entries = &run->entries,
		.max_depth = DISCOVER_MAX_DEPTH,
		.max_entries = DISCOVER_MAX_ENTRIES,
	};
	struct stat st;

	if (stat(path[0] != '\0' ? path : ".", &st) != 0)
		return err_errno(e, "cannot look into %s", given);
	if (S_ISDIR(st.st_mode)) {
		root->dir = TAKE(path);
		return tree_walk(&t, root->dir, e);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no file and no folder", given);
	root->dir = paths_dir(path);
	return run_add(run, path, root->dir, kind_given(path), e) != NULL ? 0 : -1;
}

static int read_files(struct run *run, struct err *e)
{
	struct run_chart *charts = charts_sort(run), *c;
	int rc = 0;
	size_t i;

	for (c = charts; c != NULL && rc == 0; c = c->next)
		rc = charts_read(run, c, e);
	/* More come while these are read: files that they name. */
	for (i = 0; i < run->files && rc == 0; i++) {
		struct run_file *f = run->file[i];

		if (f->read || f->kind == KIND_DOCKERFILE || f->kind == KIND_NONE ||
		    f->kind == KIND_TEMPLATE)
			continue;
		f->read = true;
		rc = reader_file(run, f, e);
	}
	if (rc == 0)
		rc = dockers_read(run, e);
	charts_free(charts);
	return rc;
}

/* An image that is built here. */
static bool is_made(void *arg, const struct find *f)
{
	struct run *run = arg;
	char text[IMAGEREF_TEXT_MAX];
	struct imageref ref;

	if (f->image[0] == '\0' || imageref_parse(view_of(f->image), &ref, NULL) != 0)
		return false;
	imageref_text(&ref, text);
	return vars_get(&run->made, text) != NULL;
}

int discover_paths(struct discover *d, struct finds *l, struct err *e)
{
	struct run run = { .d = d,
			   .finds = l,
			   .by_path = map_new(DISCOVER_MAX_FILES),
			   .entries = DISCOVER_MAX_ENTRIES };
	struct root *root = mem_alloc((d->npaths + 1) * sizeof(*root));
	int rc = 0;
	size_t i;

	d->files = 0;
	for (i = 0; i < d->nbuild_args; i++)
		vars_set_pair(&run.args, view_of(d->build_arg[i]));
	for (i = 0; i < d->npaths && rc == 0; i++) {
		root[i].run = &run;
		rc = collect(&root[i], d->path[i], e);
	}
	if (rc == 0)
		rc = read_files(&run, e);
	finds_settle(l);
	if (run.made.n > 0) /* now that they have taken the place of what had no value */
		finds_drop(l, is_made, &run);
	for (i = 0; i < run.files; i++) {
		free(run.file[i]->path);
		free(run.file[i]);
	}
	for (i = 0; i < d->npaths; i++)
		free(root[i].dir);
	free(root);
	free(run.file);
	map_free(run.by_path, NULL);
	builds_done(&run.builds);
	vars_done(&run.args);
	vars_done(&run.made);
	return rc;
}
